import { randomUUID } from 'node:crypto';
import path from 'node:path';
import {
  type AgentApp,
  agent,
  type LoadSessionRequest,
  methods,
  PROTOCOL_VERSION,
  RequestError,
  type SessionModeState,
} from '@agentclientprotocol/sdk';
import type { LocalizedText } from '@cyberdevstudio/server/base/fault.ts';
import { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import { AgentName } from '@cyberdevstudio/server/modules/agents/contract-shapes.ts';
import { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { apiKeyFor } from '../credentials.ts';
import { connectRemote, isRemoteError } from '../remote.ts';
import type { Terminal } from '../terminal.ts';
import { readPrompt } from './prompt.ts';
import type { Session, SessionStore } from './session-store.ts';
import { followTask, tellSteps } from './turn.ts';

export interface EditorAgentParts {
  readonly terminal: Terminal;
  readonly store: SessionStore;
  readonly version: string;
  /** Without it, the project is the one that is named like the editor's folder. */
  readonly projectId: string | undefined;
  readonly model: string;
}

const modes: Readonly<Record<AgentName, LocalizedText>> = {
  code: { en: 'Write and change code', de: 'Code schreiben und ändern' },
  test: { en: 'Write and run tests', de: 'Tests schreiben und ausführen' },
  design: { en: 'Design pages', de: 'Seiten gestalten' },
  debug: {
    en: 'Mend a failing command: begin the prompt with “$ npm test”',
    de: 'Einen fehlschlagenden Befehl beheben: Beginnen Sie mit „$ npm test“',
  },
  security: { en: 'Audit', de: 'Sicherheit prüfen' },
  doc: { en: 'Write documentation', de: 'Dokumentation schreiben' },
};

/** The platform's agents for an editor, by the Agent Client Protocol (version 1). A mode is one of the six agents. */
export function editorAgent(parts: EditorAgentParts): AgentApp {
  const { terminal, store } = parts;
  const { language } = terminal;
  const turns = new Map<string, AbortController>();
  const agents = () => connectRemote(agentsContract, terminal);

  const modesOf = ({ agent: currentModeId }: Session): SessionModeState => ({
    currentModeId,
    availableModes: AgentName.options.map((id) => ({ id, name: id, description: modes[id][language] })),
  });

  async function signedIn(): Promise<void> {
    if (apiKeyFor(terminal) === undefined) throw RequestError.authRequired();
    try {
      await connectRemote(authContract, terminal).call('auth.me', {});
    } catch (error) {
      if (isRemoteError(error)) throw RequestError.authRequired(undefined, error.message);
      throw error;
    }
  }

  async function projectFor(folder: string): Promise<string> {
    const { projects } = await connectRemote(projectsContract, terminal).call('project.list', { limit: 200 });
    const fits =
      parts.projectId === undefined
        ? projects.filter(({ name }) => name === path.basename(folder))
        : projects.filter(({ id }) => id === parts.projectId);
    const [project] = fits;
    if (project !== undefined && fits.length === 1) return project.id;
    const known = projects.map(({ id, name }) => `${name} (${id})`).slice(0, 20);
    const text = {
      en: `No project of yours belongs to ${folder}. Start cds acp with --project <id>: ${known.join(', ')}`,
      de: `Zu ${folder} gehört keines Ihrer Projekte. Starten Sie cds acp mit --project <ID>: ${known.join(', ')}`,
    };
    throw RequestError.invalidParams(undefined, text[language]);
  }

  function sessionOf(sessionId: string): Session {
    const session = store.load(sessionId);
    if (session === undefined) throw RequestError.sessionNotFound(sessionId);
    return session;
  }

  return agent({ name: 'cyberdevstudio' })
    .onRequest(methods.agent.initialize, () => ({
      protocolVersion: PROTOCOL_VERSION,
      agentInfo: { name: 'cyberdevstudio', title: 'CyberDevStudio', version: parts.version },
      agentCapabilities: { loadSession: true, promptCapabilities: { embeddedContext: true } },
      authMethods: [
        {
          id: 'api-key',
          name: { en: 'API key', de: 'API-Schlüssel' }[language],
          description: {
            en: 'Run cds login in a terminal once, or set CDS_API_KEY.',
            de: 'Rufen Sie einmal cds login in einem Terminal auf oder setzen Sie CDS_API_KEY.',
          }[language],
        },
      ],
    }))
    .onRequest(methods.agent.authenticate, () => told(signedIn))
    .onRequest(methods.agent.session.new, ({ params: { cwd } }) =>
      told(async () => {
        await signedIn();
        const session: Session = {
          sessionId: randomUUID(),
          projectId: await projectFor(cwd),
          agent: 'code',
          folder: cwd,
          taskIds: [],
        };
        store.save(session);
        return { sessionId: session.sessionId, modes: modesOf(session) };
      }),
    )
    .onRequest(methods.agent.session.load, ({ params, client }) =>
      told(async () => {
        const { cwd, sessionId }: LoadSessionRequest = params;
        const session = { ...sessionOf(sessionId), folder: cwd };
        await signedIn();
        for (const taskId of session.taskIds) {
          const { task } = await agents().call('agent.status', { taskId });
          await client.notify(methods.client.session.update, {
            sessionId,
            update: { sessionUpdate: 'user_message_chunk', content: { type: 'text', text: task } },
          });
          const { signal } = new AbortController();
          await tellSteps({ agents: agents(), client, session, taskId, after: 0, language, signal });
        }
        store.save(session);
        return { modes: modesOf(session) };
      }),
    )
    .onRequest(methods.agent.session.setMode, ({ params: { sessionId, modeId } }) => {
      const mode = AgentName.safeParse(modeId);
      if (!mode.success) throw RequestError.invalidParams(undefined, `no mode ${modeId}`);
      store.save({ ...sessionOf(sessionId), agent: mode.data });
      return {};
    })
    .onRequest(methods.agent.session.prompt, ({ params: { sessionId, prompt }, client, signal }) =>
      told(async () => {
        const session = sessionOf(sessionId);
        if (turns.has(sessionId)) throw RequestError.invalidRequest(undefined, 'a prompt is under way');
        const turn = new AbortController();
        turns.set(sessionId, turn);
        try {
          const { taskId, after } = await begin(session, readPrompt(prompt, session.folder));
          const shared = { agents: agents(), client, session, taskId, after, language };
          const stopReason = await followTask({ ...shared, signal: AbortSignal.any([turn.signal, signal]) });
          return { stopReason };
        } finally {
          turns.delete(sessionId);
        }
      }),
    )
    .onNotification(methods.agent.session.cancel, ({ params: { sessionId } }) => {
      turns.get(sessionId)?.abort();
    });

  /** Answers the question of the session's last task, if it waits for one; else gives the agent a new task. */
  async function begin(session: Session, { task, files, command }: ReturnType<typeof readPrompt>) {
    const last = session.taskIds.at(-1);
    if (last !== undefined) {
      const { status } = await agents().call('agent.status', { taskId: last });
      if (status === 'waiting_for_input') {
        const { steps } = await agents().call('agent.history', { taskId: last, limit: 500 });
        await agents().call('agent.reply', { taskId: last, text: task });
        return { taskId: last, after: steps.at(-1)?.sequence ?? 0 };
      }
    }
    const { projectId, agent: name } = session;
    const { taskId } = await agents().call('agent.dispatch', {
      projectId,
      agent: name,
      task,
      model: parts.model,
      files,
      ...(command === undefined ? {} : { command }),
    });
    store.save({ ...session, taskIds: [...session.taskIds, taskId] });
    return { taskId, after: 0 };
  }
}

/** What the platform refuses is told to the editor in the platform's words. */
async function told<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isRemoteError(error)) throw error;
    throw RequestError.internalError(undefined, error.message);
  }
}
