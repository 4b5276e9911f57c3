// Stands in the single file of a release where the engine or the Hub would be loaded: those run on Node.
import { NeedsNode } from '#shared/needs-node.ts';

throw new NeedsNode('the engine');
