import { PassThrough, type Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fault } from '#base/fault.ts';
import { type Principal, roleIncludes } from '#base/principal.ts';
import { authenticateRequest } from '#kernel/http/credentials.ts';
import { onDeparture } from '#kernel/http/departure.ts';
import type { HttpKit } from '#kernel/module.ts';
import type { Access } from './access.ts';
import { fileNameOf, packZip } from './archive/export-zip.ts';
import { ProjectId, ProjectName } from './contract-shapes.ts';
import { describeProject } from './describe.ts';
import type { Imports } from './imports.ts';

interface RouteParts {
  readonly access: Access;
  readonly imports: Imports;
}

/** The two paths that carry zip files, which no contract can express. */
export async function mountProjectRoutes(
  app: FastifyInstance,
  kit: HttpKit,
  { access, imports }: RouteParts,
): Promise<void> {
  async function callerOf(request: FastifyRequest, safe: boolean): Promise<Principal> {
    const principal = await authenticateRequest({ headers: request.headers, safe }, kit);
    if (principal === null) throw fault('common.unauthenticated');
    if (principal.scopes !== undefined && !principal.scopes.includes('project'))
      throw fault('common.forbidden', { needed: 'project' });
    return principal;
  }

  app.get<{ Params: { id: string } }>('/projects/:id/export.zip', async (request, reply) => {
    const user = await callerOf(request, true);
    await kit.takeRate({ principal: user, address: request.ip, rateClass: 'execute' }, reply);
    const id = ProjectId.safeParse(request.params.id);
    if (!id.success) throw fault('projects.unknown');
    const grant = await access.require(id.data, user, 'read');
    const name = fileNameOf(grant.project.name);
    const zip = await packZip(await access.workspace(grant), name);
    onDeparture(reply.raw, () => zip.destroy());
    return reply
      .header('content-type', 'application/zip')
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}.zip`)
      .header('cache-control', 'no-store')
      .send(zip);
  });

  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The body goes to disk as it comes; its size is limited while it is read.
    scope.addContentTypeParser('application/zip', (_request, payload, done) => done(null, payload));
    scope.post<{ Querystring: { name?: string }; Body: Readable }>(
      '/projects/import',
      { bodyLimit: Number.MAX_SAFE_INTEGER },
      async (request, reply) => {
        const user = await callerOf(request, false);
        await kit.takeRate({ principal: user, address: request.ip, rateClass: 'execute' }, reply);
        if (!roleIncludes(user.role, 'developer')) throw fault('common.forbidden', { needed: 'developer' });
        const name = ProjectName.safeParse(request.query.name ?? 'import');
        if (!name.success)
          throw fault('common.invalid_params', { field: 'name', reason: 'it is not a name' });
        if (request.body === null || typeof request.body !== 'object')
          throw fault('projects.zip_invalid', { reason: 'the body must be of type application/zip' });
        const controller = new AbortController();
        request.raw.once('close', () => {
          if (!request.raw.complete) controller.abort(fault('common.cancelled'));
        });
        const caller = { user, traceId: request.id, signal: controller.signal };
        using upload = separately(request.body, reply);
        const project = await imports.fromZip(caller, { name: name.data, upload: upload.stream });
        return reply.code(201).send(describeProject(project));
      },
    );
  });
}

/**
 * A body that may be refused half-way. Reading on and closing afterwards lets the client see why; destroying the
 * request would cut the answer off, and leaving it unread would block the connection for the next request.
 */
function separately(body: Readable, reply: FastifyReply): { stream: Readable } & Disposable {
  const stream = new PassThrough();
  body.pipe(stream);
  body.once('error', (error) => stream.destroy(error));
  return {
    stream,
    [Symbol.dispose]() {
      if (body.readableEnded) return;
      body.unpipe(stream);
      body.resume();
      reply.header('connection', 'close');
    },
  };
}
