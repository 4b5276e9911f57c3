// The door of archives: layers and trees, from tar and to tar. The bytes move on worker threads.
export { type ExtractContextRequest, extractContext } from './extract-context.ts';
export { type ExtractTreeRequest, extractTree } from './extract-tree.ts';
export type { ContextFile, Owner, SpooledEntry, TreeStat, Unpacked } from './jobs.ts';
export { type PackedLayer, type PackLayerRequest, packLayer } from './pack-layer.ts';
export { type PackTreeRequest, packTree, statTree } from './pack-tree.ts';
export type { PipeReader } from './pipe.ts';
export { removeTree } from './remove-tree.ts';
export { type SpoolFilesRequest, spoolFiles } from './spool-files.ts';
export { type UnpackLayerRequest, unpackLayer } from './unpack-layer.ts';
