import type { z } from 'zod';
import type { DeletedProject, FileVersion, Project } from './contract-shapes.ts';
import type { VersionRow } from './history-store.ts';
import type { MembershipRow } from './store.ts';

const dayMs = 86_400_000;

export function describeProject(row: MembershipRow): z.input<typeof Project> {
  return {
    id: row.id,
    name: row.name,
    ownerId: row.ownerId,
    role: row.role,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

export function describeDeleted(
  row: MembershipRow,
  deletion: { readonly deletedAt: Date; readonly restoreDays: number },
): z.input<typeof DeletedProject> {
  const { deletedAt, restoreDays } = deletion;
  return {
    ...describeProject(row),
    deletedAt: deletedAt.toISOString(),
    restorableUntil: new Date(deletedAt.getTime() + restoreDays * dayMs).toISOString(),
  };
}

export function describeVersion(row: VersionRow): z.input<typeof FileVersion> {
  return {
    versionId: row.id.toString(),
    path: row.path,
    size: Number(row.sizeBytes),
    etag: row.etag,
    savedAt: row.savedAt.toISOString(),
    userId: row.userId,
    origin: row.origin,
  };
}
