import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AgentName } from '@cyberdevstudio/server/modules/agents/contract-shapes.ts';
import { z } from 'zod';

const Session = z.object({
  sessionId: z.uuid(),
  projectId: z.uuid(),
  agent: AgentName,
  /** The editor's folder; paths that it is told lie in it. */
  folder: z.string(),
  taskIds: z.array(z.uuid()),
});
export type Session = z.infer<typeof Session>;

/** Sessions of editors, one small file each: the tasks themselves are the platform's. */
export interface SessionStore {
  save(session: Session): void;
  /** Undefined when there is none of that id. */
  load(sessionId: string): Session | undefined;
}

/** @param folder made when the first session is saved, readable by its user alone */
export function createSessionStore(folder: string): SessionStore {
  const fileOf = (sessionId: string) => path.join(folder, `${sessionId}.json`);
  return {
    save(session) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const draft = `${fileOf(session.sessionId)}.${process.pid}`;
      writeFileSync(draft, JSON.stringify(session), { mode: 0o600 });
      renameSync(draft, fileOf(session.sessionId));
    },
    load(sessionId) {
      // The id comes from the editor, and becomes part of a path.
      if (!z.uuid().safeParse(sessionId).success) return undefined;
      try {
        return Session.parse(JSON.parse(readFileSync(fileOf(sessionId), 'utf8')));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}
