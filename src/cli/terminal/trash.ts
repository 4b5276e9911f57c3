// The flag of the commands that remove things, and what they tell the engine with it.
import { toggle } from '#cli/grammar/flags.ts';
import { newId } from '#shared/notation/id.ts';

export const nowFlag = {
  now: toggle('For good: not to the trash, from where `wharf undo` brings things back'),
};

/** What one command removes is undone together; undefined: for good. */
export const trashGroup = (now: boolean): string | undefined => (now ? undefined : newId().slice(0, 16));
