// Names that users give to containers, networks and volumes, and the names they get when they give none.
import { invalid } from '#shared/errors.ts';

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;

export function isContainerName(text: string): boolean {
  return pattern.test(text);
}

const sentences = {
  container: (name: string) => `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  volume: (name: string) =>
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  network: (name: string) => `invalid network name: ${name}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
};

/** Networks may have names of one letter. */
const networkPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

/** Throws `invalid` with Docker's sentence unless `name` may name a thing of that kind. */
export function assertName(kind: 'container' | 'volume' | 'network', name: string): void {
  if (kind === 'network' && networkPattern.test(name)) return;
  if (kind === 'volume' && name.length === 1) {
    throw invalid(
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!pattern.test(name)) throw invalid(sentences[kind](name.slice(0, 300)));
}

const adjectives = (
  'able amber ample brave breezy brisk bronze calm candid cheery clever cobalt copper coral cosy crisp curious dapper ' +
  'deft eager early earnest easy fabled fair fleet fond frank fresh gentle gifted glad golden grand handy happy hardy ' +
  'hearty honest humble ivory jaunty jolly keen kind lively loyal lucid lucky mellow merry mild misty modest neat nimble ' +
  'noble patient placid plucky polite proud quaint quick quiet ready rosy rustic sandy serene silver sleek snug solid ' +
  'spry steady sturdy sunny swift tidy trusty upbeat vivid warm wise witty young zesty'
).split(' ');
const nouns = (
  'anchor auk barge bay beacon bosun breeze brig buoy canal cape capstan captain cargo clipper cod coot cove crab crane ' +
  'creek current cutter deck delta dock dolphin drift dune eider ferry fjord galley gannet gull harbor harpoon haven ' +
  'heron herring hull island jetty kayak keel kelp ketch knot lagoon lantern launch ledge lighthouse lock mackerel marina ' +
  'mast mooring mussel oar ocean osprey otter oyster paddle pearl pelican pier pilot plover porpoise puffin quay raft reef ' +
  'rigging river rudder sail salmon schooner seal skiff sloop sound spar squall starfish strait tern tide tiller trawler ' +
  'tug turtle walrus wave whaler yawl'
).split(' ');

/** A name such as `brisk_puffin`; from the second `attempt` on with a digit, for when the plain one is taken. */
export function randomName(attempt = 0): string {
  const name = `${pick(adjectives)}_${pick(nouns)}`;
  return attempt > 0 ? `${name}${Math.floor(Math.random() * 10 ** Math.min(attempt, 6))}` : name;
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? 'calm';
}
