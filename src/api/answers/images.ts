// What is answered about images and builds.
import { healthcheck } from '#api/answers/containers.ts';
import {
  type AnswerSchema,
  anything,
  flag,
  keys,
  labels,
  lines,
  moment,
  orNull,
  pruned,
  rows,
  shape,
  text,
  texts,
  whole,
} from '#api/answers/shape.ts';

export const imageSummary = shape(
  {
    Id: text,
    ParentId: text,
    RepoTags: texts,
    RepoDigests: texts,
    Created: whole,
    Size: whole,
    SharedSize: whole,
    Labels: orNull(labels),
    Containers: whole,
  },
  { Manifests: rows(anything) },
);

const runConfig = shape(
  {
    User: text,
    Env: orNull(texts),
    Cmd: orNull(texts),
    Volumes: orNull(keys),
    WorkingDir: text,
    Entrypoint: orNull(texts),
    OnBuild: orNull(texts),
    Labels: orNull(labels),
  },
  {
    ExposedPorts: keys,
    StopSignal: text,
    Shell: texts,
    Healthcheck: healthcheck,
    ArgsEscaped: flag,
  },
);

const inspect = shape(
  {
    Id: text,
    RepoTags: texts,
    RepoDigests: texts,
    Parent: text,
    Comment: text,
    Created: moment,
    DockerVersion: text,
    Author: text,
    Config: runConfig,
    Architecture: text,
    Os: text,
    Size: whole,
    GraphDriver: shape({ Name: text, Data: labels }),
    RootFS: shape({ Type: text, Layers: texts }),
    Metadata: shape({ LastTagTime: moment }),
  },
  { Variant: text, Manifests: rows(anything) },
);

const descriptor: AnswerSchema = {
  type: 'object',
  required: ['mediaType', 'digest', 'size'],
  properties: { mediaType: text, digest: text, size: whole, annotations: labels },
};
const platform = shape(
  { os: text, architecture: text },
  { variant: text, 'os.version': text, 'os.features': texts },
);

const removed = shape({}, { Untagged: text, Deleted: text });

/** A line of what pull, push, load and build stream. */
const progress = lines(
  shape(
    {},
    {
      status: text,
      id: text,
      progress: text,
      progressDetail: shape({}, { current: whole, total: whole }),
      stream: text,
      error: text,
      errorDetail: shape({ message: text }, { code: whole, hint: text }),
      aux: anything,
    },
  ),
);

export const imageAnswers: Readonly<Record<string, AnswerSchema>> = {
  'GET /images/json': rows(imageSummary),
  'GET /images/:name/json': inspect,
  'GET /images/:name/history': rows(
    shape({ Id: text, Created: whole, CreatedBy: text, Tags: orNull(texts), Size: whole, Comment: text }),
  ),
  'DELETE /images/:name': rows(removed),
  'POST /images/prune': pruned('ImagesDeleted', removed),
  'GET /images/search': rows(
    shape({ name: text, description: text, star_count: whole, is_official: flag, is_automated: flag }),
  ),
  'GET /distribution/:name/json': shape({ Descriptor: descriptor, Platforms: rows(platform) }),
  'POST /commit': shape({ Id: text }),
  'POST /images/create': progress,
  'POST /images/load': progress,
  'POST /images/:name/push': progress,
  'POST /build': progress,
  'POST /build/prune': pruned('CachesDeleted'),
};
