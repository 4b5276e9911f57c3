// Schemas of what clients send about volumes.
import { anything, mapOf, object, text } from '#api/wire/schema.ts';

export const volumeCreate = object({
  Name: text,
  Driver: text,
  DriverOpts: mapOf(text),
  Labels: mapOf(text),
  ClusterVolumeSpec: anything,
});
