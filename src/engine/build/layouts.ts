// Named contexts that came as OCI layouts: their images are loaded, without names, before the build begins.
import type { Images } from '#engine/images/images.ts';
import { invalid } from '#shared/errors.ts';
import type { BuildRequest } from './request.ts';

/** The request with every layout replaced by its image. */
export async function withLoadedLayouts(images: Images, request: BuildRequest): Promise<BuildRequest> {
  const contexts = { ...request.contexts };
  for (const [name, source] of Object.entries(contexts)) {
    if (!('layout' in source)) continue;
    const { signal } = request;
    const [image] = await images.load(source.layout, { untagged: true, signal });
    if (image === undefined) throw invalid(`build context ${name}: there is no image in the layout`);
    contexts[name] = { image: image.id };
  }
  return { ...request, contexts };
}
