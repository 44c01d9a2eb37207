import { z } from 'zod';

const gibibyte = 1024 ** 3;
const mebibyte = 1024 ** 2;

/** Settings of the projects module: `CDS_PROJECTS_…`. */
export const projectsConfig = z.object({
  quotaBytes: z
    .int()
    .min(mebibyte)
    .default(5 * gibibyte)
    .describe('Storage of one user over all projects, in bytes'),
  quotaFiles: z.int().min(100).default(200_000).describe('Files and folders of one user over all projects'),
  fileBytes: z
    .int()
    .min(mebibyte)
    .default(64 * mebibyte)
    .describe('Largest file that may be written, in bytes'),
  depth: z.int().min(4).max(512).default(64).describe('Most folders that a path may be deep'),
  projectsPerUser: z.int().min(1).default(200).describe('Most projects that one user may own'),
  historyBytes: z
    .int()
    .min(mebibyte)
    .default(256 * mebibyte)
    .describe('Kept earlier states of files per project, in bytes; beyond it the oldest go'),
  restoreDays: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('Days for which a deleted project can be restored'),
  gitTimeoutMs: z.int().min(1000).default(30_000).describe('Longest run of one git command, in milliseconds'),
  importTimeoutMs: z
    .int()
    .min(1000)
    .default(600_000)
    .describe('Longest import of a repository, in milliseconds'),
  importPrivateHosts: z
    .array(z.string().min(1))
    .default([])
    .describe('Hosts in private networks that repositories may be imported from'),
  importCertificates: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEM file of certificate authorities to trust when importing over https, instead of the system’s',
    ),
  countSeconds: z
    .int()
    .min(1)
    .default(30)
    .describe('Seconds between exact counts of the storage of projects in use'),
});
export type ProjectsConfig = z.output<typeof projectsConfig>;
