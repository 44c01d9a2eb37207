import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { fileFaults } from '#base/file-faults.ts';
import { projectFaults } from './contract-faults.ts';
import { gitMethods } from './contract-git.ts';
import { serviceMethods } from './contract-service.ts';
import {
  DeletedProject,
  FilePath,
  FileVersion,
  GitStatus,
  Member,
  Project,
  ProjectFile,
  ProjectId,
  ProjectName,
  ProjectRole,
  SavedFile,
  TemplateName,
} from './contract-shapes.ts';

const LocalizedText = z.object({ en: z.string(), de: z.string() });

/**
 * Projects: who owns what, and the files as they lie in each workspace. For whoever is not a member, a project
 * does not exist: every method answers projects.unknown (404).
 *
 * Besides the methods: `GET /projects/:id/export.zip` downloads a project, and `POST /projects/import?name=…` with
 * a body of type application/zip makes one; it answers 201 with the project.
 */
export const projectsContract = defineContract('projects', {
  faults: { ...fileFaults, ...projectFaults },
  methods: {
    'project.create': {
      summary: 'Creates a project from a template, as a git repository with a first commit.',
      access: 'developer',
      rateClass: 'write',
      positional: ['name', 'template'],
      params: z.strictObject({ name: ProjectName, template: TemplateName.default('empty') }),
      result: Project,
    },
    'project.templates': {
      summary: 'Lists what a project can begin with.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({}),
      result: z.object({
        templates: z.array(
          z.object({
            name: TemplateName,
            title: LocalizedText,
            description: LocalizedText,
            /** A command that shows the template at work, as run.exec takes it; null for the empty one. */
            run: z.object({ command: z.string(), args: z.array(z.string()) }).nullable(),
            /** The file to show first. */
            openFile: z.string(),
          }),
        ),
      }),
    },
    'project.list': {
      summary: 'Lists the projects the caller is a member of, newest first.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({
        cursor: ProjectId.optional(),
        limit: z.int().min(1).max(200).default(50),
      }),
      result: z.object({ projects: z.array(Project), nextCursor: z.string().nullable() }),
    },
    'project.open': {
      summary: 'Tells a project with its files and their state in git.',
      access: 'viewer',
      rateClass: 'read',
      positional: ['id'],
      params: z.strictObject({ id: ProjectId }),
      result: z.object({
        project: Project,
        files: z.array(ProjectFile),
        /** Folders that hold no listed file: empty ones, and those that are shown but not entered (node_modules). */
        folders: z.array(z.string()),
        /** True when there were more files than are listed; fs.list pages through all. */
        truncated: z.boolean(),
        /** Null when the repository cannot be read; project.git.status says why. */
        git: GitStatus.nullable(),
      }),
    },
    'project.rename': {
      summary: 'Renames a project.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ id: ProjectId, name: ProjectName }),
      result: Project,
    },
    'project.delete': {
      summary: 'Deletes a project; it can be restored for 30 days, unless it is to go permanently.',
      access: 'developer',
      rateClass: 'write',
      positional: ['id'],
      params: z.strictObject({
        id: ProjectId,
        /** Frees its storage at once, also of a project that was deleted before. Nothing brings it back. */
        permanently: z.boolean().default(false),
      }),
      result: DeletedProject,
    },
    'project.restore': {
      summary: 'Brings a deleted project back.',
      access: 'developer',
      rateClass: 'write',
      positional: ['id'],
      params: z.strictObject({ id: ProjectId }),
      result: Project,
    },
    'project.deleted': {
      summary: 'Lists the deleted projects that the caller owned and can restore.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({}),
      result: z.object({ projects: z.array(DeletedProject) }),
    },
    'project.usage': {
      summary: 'Tells how much storage the caller’s projects use, and the most they may.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({}),
      result: z.object({ bytes: z.int(), files: z.int(), limitBytes: z.int(), limitFiles: z.int() }),
    },
    'project.file.save': {
      summary: 'Saves a text file and keeps this state in its history; a stale etag overwrites nothing.',
      access: 'developer',
      rateClass: 'write',
      positional: ['projectId', 'path', 'content', 'ifMatch'],
      params: z.strictObject({
        projectId: ProjectId,
        path: FilePath,
        content: z.string(),
        /** The etag of the version that is replaced; null when the file must not exist yet. */
        ifMatch: z.string().max(100).nullable().optional(),
      }),
      result: SavedFile,
    },
    'project.file.history': {
      summary: 'Lists the kept states of a file, newest first; also of a file that was deleted.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({
        projectId: ProjectId,
        path: FilePath,
        cursor: z
          .string()
          .regex(/^\d{1,19}$/)
          .optional(),
        limit: z.int().min(1).max(200).default(50),
      }),
      result: z.object({ versions: z.array(FileVersion), nextCursor: z.string().nullable() }),
    },
    'project.file.version': {
      summary: 'Reads one kept state of a file.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ projectId: ProjectId, versionId: z.string().regex(/^\d{1,19}$/) }),
      result: FileVersion.extend({ content: z.string(), encoding: z.enum(['utf8', 'base64']) }),
    },
    'project.file.revert': {
      summary: 'Takes a file back to an earlier state; the present one is kept in the history.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({
        projectId: ProjectId,
        versionId: z.string().regex(/^\d{1,19}$/),
        ifMatch: z.string().max(100).nullable().optional(),
      }),
      result: SavedFile,
    },
    'project.file.deleted': {
      summary: 'Lists files that the history knows and the workspace no longer has, newest first.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ projectId: ProjectId, limit: z.int().min(1).max(500).default(100) }),
      result: z.object({ files: z.array(FileVersion) }),
    },
    ...gitMethods,
    'project.member.list': {
      summary: 'Lists the members of a project.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ projectId: ProjectId }),
      result: z.object({ members: z.array(Member) }),
    },
    'project.member.add': {
      summary: 'Makes a user a member.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({
        projectId: ProjectId,
        username: z.string().min(1).max(200),
        role: ProjectRole.default('editor'),
      }),
      result: Member,
    },
    'project.member.remove': {
      summary: 'Ends a membership; everybody may end their own.',
      access: 'viewer',
      rateClass: 'write',
      params: z.strictObject({ projectId: ProjectId, userId: z.string().min(1).max(100) }),
      result: z.object({ removed: z.boolean() }),
    },
    'project.member.setRole': {
      summary: 'Changes what a member may do.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ projectId: ProjectId, userId: z.string().min(1).max(100), role: ProjectRole }),
      result: Member,
    },
    'project.export': {
      summary: 'Says where a project downloads as a zip file of its working files.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ id: ProjectId }),
      result: z.object({ url: z.string(), fileName: z.string() }),
    },
    'project.import': {
      summary: 'Creates a project from a git address (https, ssh or git).',
      access: 'developer',
      rateClass: 'execute',
      timeoutMs: 0,
      params: z.strictObject({
        name: ProjectName.optional(),
        url: z.string().min(1).max(2000),
        /** The branch to begin with; the repository’s default otherwise. */
        branch: z
          .string()
          .max(200)
          .regex(/^[\p{L}\p{N}_][\p{L}\p{N}_./+#-]*$/u)
          .optional(),
      }),
      result: Project,
    },
    ...serviceMethods,
  },
  events: {
    'project.created': {
      summary: 'A project was created.',
      durable: true,
      payload: z.object({ projectId: ProjectId, name: z.string(), ownerId: z.string(), source: z.string() }),
    },
    'project.changed': {
      summary: 'A project was renamed, restored, or its members changed.',
      durable: true,
      payload: z.object({
        projectId: ProjectId,
        change: z.enum(['renamed', 'restored', 'member_added', 'member_removed', 'member_role']),
        userId: z.string().nullable(),
        role: ProjectRole.nullable(),
      }),
    },
    'project.deleted': {
      summary: 'A project was deleted; it can still be restored.',
      durable: true,
      payload: z.object({ projectId: ProjectId }),
    },
    'project.purged': {
      summary: 'A deleted project was removed for good.',
      durable: true,
      payload: z.object({ projectId: ProjectId }),
    },
    'project.file.saved': {
      summary: 'A file was saved or taken back to an earlier state.',
      durable: false,
      payload: z.object({ projectId: ProjectId, path: z.string(), etag: z.string(), userId: z.string() }),
    },
    'project.git.changed': {
      summary: 'A commit, checkout, restore or branch changed the repository.',
      durable: false,
      payload: z.object({
        projectId: ProjectId,
        action: z.enum(['commit', 'checkout', 'restore', 'branch']),
        userId: z.string(),
      }),
    },
  },
});
