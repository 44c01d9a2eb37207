import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { siteFaults } from './contract-faults.ts';
import {
  BuiltRelease,
  HistoryEntry,
  Release,
  ReleaseDiff,
  SiteEvent,
  SiteReport,
} from './contract-shapes.ts';

const Project = { projectId: z.uuid() };
const ReleaseId = z.string().regex(/^[A-Za-z0-9._-]{1,200}$/);

/** A project's website: built by the production flow, looked at, deployed on this server, taken back. */
export const siteContract = defineContract('site', {
  faults: siteFaults,
  methods: {
    'site.build': {
      summary: 'Builds a release of the project’s site, step by step; nothing live is touched.',
      access: 'developer',
      rateClass: 'execute',
      params: z.strictObject(Project),
      chunk: SiteEvent,
      result: SiteReport,
    },
    'site.deploy': {
      summary: 'Makes the release that was built last the live one on this server.',
      access: 'developer',
      rateClass: 'execute',
      params: z.strictObject(Project),
      chunk: SiteEvent,
      result: SiteReport,
    },
    'site.state': {
      summary:
        'Tells what is built and what is live, the last report, the kept releases and the deploy history.',
      access: 'viewer',
      rateClass: 'read',
      timeoutMs: 60_000,
      params: z.strictObject(Project),
      result: z.object({
        running: z.boolean(),
        built: BuiltRelease.nullable(),
        report: SiteReport.nullable(),
        releases: z.array(Release),
        history: z.array(HistoryEntry),
      }),
    },
    'site.diff': {
      summary: 'Compares two kept releases; by default the live one with the one before it.',
      access: 'viewer',
      rateClass: 'read',
      timeoutMs: 60_000,
      params: z.strictObject({ ...Project, before: ReleaseId.optional(), after: ReleaseId.optional() }),
      result: ReleaseDiff,
    },
    'site.rollback': {
      summary: 'Makes a kept release live again, within seconds.',
      access: 'developer',
      rateClass: 'execute',
      timeoutMs: 120_000,
      params: z.strictObject({ ...Project, releaseId: ReleaseId }),
      result: z.object({ releaseId: z.string() }),
    },
    'site.preview': {
      summary: 'Gives an address under which the built or the live release can be looked at for an hour.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ ...Project, which: z.enum(['built', 'live']).default('built') }),
      result: z.object({ path: z.string(), expiresAt: z.iso.datetime() }),
    },
  },
  events: {
    'site.deployed': {
      summary: 'A release of a project’s site became live, by a deploy or a rollback.',
      durable: false,
      payload: z.object({
        projectId: z.uuid(),
        userId: z.string(),
        action: z.enum(['deploy', 'rollback']),
        releaseId: z.string(),
      }),
    },
  },
});
