// The bodies of the answers of every endpoint that answers with JSON, in the newest version.
import { containerAnswers } from '#api/answers/containers.ts';
import { imageAnswers } from '#api/answers/images.ts';
import { networkAnswers } from '#api/answers/networks.ts';
import type { AnswerSchema } from '#api/answers/shape.ts';
import { systemAnswers } from '#api/answers/system.ts';

/** By `GET /containers/:id/json` and so on. A stream of JSON lines has the schema of one line. */
export const answerBodies: Readonly<Record<string, AnswerSchema>> = {
  ...containerAnswers,
  ...imageAnswers,
  ...networkAnswers,
  ...systemAnswers,
};
