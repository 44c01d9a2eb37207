import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** `image.json` of an image: what it is and what it was made of. */
const Manifest = z.object({
  format: z.literal(1),
  name: z.string(),
  suite: z.string(),
  packages: z.array(z.string()),
  /** Name and version of everything that is installed in it. */
  installed: z.array(z.string()),
  kernel: z.string(),
  /** SHA-256 of the root disk, the kernel and its drivers: equal for equal packages. */
  digests: z.object({ root: z.string(), kernel: z.string(), drivers: z.string() }),
  sizeBytes: z.int(),
  createdAt: z.iso.datetime(),
});
export type ImageManifest = z.infer<typeof Manifest>;

/** A built image in the data folder. */
export interface Image extends ImageManifest {
  readonly folder: string;
}

/** Names of an image's files. */
export const imageFiles = {
  manifest: 'image.json',
  root: 'root.squashfs',
  kernel: 'vmlinux',
  busybox: 'busybox',
  drivers: 'drivers',
  templates: 'templates',
} as const;

/** Images are called by lower-case words, as folders and parameters. */
export const ImageName = z
  .string()
  .regex(/^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$/)
  .max(40);

/** The image that `python` and `node` mean unless there are images of those names. */
export const standardImage = 'standard';

export function imagesFolder(dataDir: string): string {
  return path.join(dataDir, 'sandbox', 'images');
}

/** All complete images, by name. One whose files were damaged by hand is left out. */
export async function listImages(folder: string): Promise<Image[]> {
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && ImageName.safeParse(entry.name).success)
    .map((entry) => entry.name)
    .sort();
  const images = await Promise.all(names.map((name) => readImage(path.join(folder, name))));
  return images.filter((image) => image !== null);
}

export async function readImage(folder: string): Promise<Image | null> {
  try {
    const text = await readFile(path.join(folder, imageFiles.manifest), 'utf8');
    const manifest = Manifest.parse(JSON.parse(text));
    const files = [imageFiles.root, imageFiles.kernel, imageFiles.busybox];
    if (!files.every((name) => existsSync(path.join(folder, name)))) return null;
    return { ...manifest, folder };
  } catch {
    return null;
  }
}

/** The image that a caller means: of that name, or the standard one for a language. */
export function findImage(images: readonly Image[], name: string): Image | null {
  const exact = images.find((image) => image.name === name);
  if (exact !== undefined) return exact;
  if (name !== 'python' && name !== 'node') return null;
  return images.find((image) => image.name === standardImage) ?? null;
}

/** Removes an image, or the unfinished build of one. False when there was none. */
export async function removeImage(folder: string, name: string): Promise<boolean> {
  const places = [path.join(folder, name), path.join(folder, `.building-${name}`)];
  const found = places.some((place) => existsSync(place));
  for (const place of places) await rm(place, { recursive: true, force: true });
  return found;
}

export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
