import path from 'node:path';
import { proxyVariables } from '../../network/proxy-variables.ts';

/** In the order in which guest/agent.py knows them. */
const languages = ['python', 'javascript', 'shell', 'command'] as const;
export type GuestLanguage = (typeof languages)[number];

export interface GuestRequest {
  readonly language: GuestLanguage;
  readonly code: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly memoryBytes: number;
  readonly processes: number;
}

const workspace = '/workspace';
/** Its processes that wait for a program have these set already: the same stand in guest/agent.py. */
const usualEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: workspace,
  USER: 'user',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
};

/**
 * A program as it travels: what the agent itself must know in fixed places (language, most memory, most processes), then
 * JSON for the program's process, which the agent only hands on: everything that an emulated guest does costs much.
 */
export function encodeProgram(request: GuestRequest, network: boolean): Buffer {
  const { memoryBytes, processes } = request;
  const { language, ...program } = warmed(request);
  const head = Buffer.allocUnsafe(13);
  head.writeUInt8(languages.indexOf(language), 0);
  head.writeBigUInt64BE(BigInt(Math.floor(memoryBytes)), 1);
  head.writeUInt32BE(processes, 9);
  const env = { ...usualEnvironment, ...(network ? proxyVariables : {}), ...request.env };
  const cwd = path.posix.resolve(workspace, request.cwd);
  return Buffer.concat([head, Buffer.from(JSON.stringify({ ...program, env, cwd }))]);
}

/**
 * A command that only hands a script to an interpreter goes to the one that waits: starting another takes a guest without
 * KVM seconds. Not when its variables change how an interpreter starts.
 */
function warmed({ language, code, args, env }: GuestRequest): {
  readonly language: GuestLanguage;
  readonly code: string;
  readonly args: readonly string[];
  readonly file?: string;
} {
  const [program, file = '', ...rest] = args;
  const names = Object.keys(env);
  if (language === 'command' && !file.startsWith('-')) {
    if (program === 'python3' && file.endsWith('.py') && !names.some((name) => name.startsWith('PYTHON'))) {
      return { language: 'python', code: '', args: rest, file };
    }
    if (program === 'node' && /\.[cm]?js$/.test(file) && !names.some((name) => name.startsWith('NODE_'))) {
      return { language: 'javascript', code: '', args: rest, file };
    }
  }
  return { language, code, args };
}
