import { type BuildStep, buildImage, standardPackages } from './micro/images/build.ts';
import { ImageName, imagesFolder, listImages, removeImage, standardImage } from './micro/images/layout.ts';

export interface ImageSummary {
  readonly name: string;
  readonly suite: string;
  readonly packages: readonly string[];
  readonly kernel: string;
  readonly sizeBytes: number;
  /** SHA-256 of the root disk: equal for equal packages, wherever it was built. */
  readonly rootDigest: string;
}

export interface ImageRequest {
  readonly dataDir: string;
  /** Absent: the standard image, which `python` and `node` mean. */
  readonly name?: string | undefined;
  readonly packages?: readonly string[] | undefined;
  readonly suite?: string | undefined;
  readonly mirror?: string | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress: (
    step: BuildStep,
    state: { readonly line: string | null; readonly done: boolean },
  ) => void;
}

/** What may be an image's name: lower-case words. */
export function isImageName(name: string): boolean {
  return ImageName.safeParse(name).success;
}

/**
 * Builds a guest image into the data folder; works whether the platform runs or not, which sees the image at once.
 * @throws sandbox.image_tools_missing, sandbox.image_build_failed
 */
export async function buildImageOffline(request: ImageRequest): Promise<ImageSummary> {
  const image = await buildImage(
    {
      name: request.name ?? standardImage,
      suite: request.suite ?? 'bookworm',
      packages: request.packages ?? standardPackages,
      mirror: request.mirror ?? null,
    },
    {
      folder: imagesFolder(request.dataDir),
      now: Date.now,
      onProgress: request.onProgress,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    },
  );
  return summaryOf(image);
}

/** The images of an installation, by name. */
export async function listImagesOffline(dataDir: string): Promise<ImageSummary[]> {
  return (await listImages(imagesFolder(dataDir))).map(summaryOf);
}

/** Removes an image with its templates, or an unfinished build. Machines that run go on. False when there was none. */
export function removeImageOffline(dataDir: string, name: string): Promise<boolean> {
  return removeImage(imagesFolder(dataDir), name);
}

function summaryOf(image: Awaited<ReturnType<typeof buildImage>>): ImageSummary {
  const { name, suite, packages, kernel, sizeBytes, digests } = image;
  return { name, suite, packages, kernel, sizeBytes, rootDigest: digests.root };
}
