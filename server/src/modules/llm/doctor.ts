import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LocalizedText } from '#base/fault.ts';
import { type Environment, loadConfig } from '#kernel/config/load.ts';
import { llmConfig } from './config.ts';

/** A finding as `cds doctor` shows it. */
export interface EngineCheck {
  readonly name: string;
  readonly state: 'ok' | 'warning';
  readonly title: LocalizedText;
  readonly detail: LocalizedText;
  /** The one command that helps. */
  readonly command: string | null;
}

const run = promisify(execFile);
const name = 'llama';
const title = { en: 'Engine for local models', de: 'Engine für lokale Modelle' };
const probeTimeoutMs = 30_000;

/** Whether models can run on this machine. Without, the platform works with models of providers. @throws config.invalid */
export async function examineModelEngine(environment: Environment): Promise<EngineCheck> {
  const { llm } = loadConfig({ llm: llmConfig }, environment);
  return llm.serverBinary === undefined ? examineBuiltIn() : examineServer(llm.serverBinary);
}

async function examineBuiltIn(): Promise<EngineCheck> {
  try {
    const program = fileURLToPath(new URL('./engine/native/probe-program.ts', import.meta.url));
    const { stdout } = await run(process.execPath, [program], { timeout: probeTimeoutMs });
    const text = `llama.cpp ${stdout.trim().slice(0, 40)}`;
    const detail = { en: `${text}, a trial start worked`, de: `${text}, ein Probestart gelang` };
    return { name, title, state: 'ok', detail, command: null };
  } catch {
    const detail = {
      en: 'the built-in engine does not start on this machine; models of providers work all the same',
      de: 'die eingebaute Engine startet auf diesem Rechner nicht; Modelle von Anbietern gehen trotzdem',
    };
    return { name, title, state: 'warning', detail, command: 'npm install --include=optional' };
  }
}

async function examineServer(binary: string): Promise<EngineCheck> {
  try {
    const { stdout, stderr } = await run(binary, ['--version'], { timeout: probeTimeoutMs });
    const version = /version: *(\S+)/.exec(stdout + stderr)?.[1] ?? '';
    const text = `llama-server ${version}`.trim();
    return { name, title, state: 'ok', detail: { en: text, de: text }, command: null };
  } catch {
    const detail = {
      en: `LLAMA_SERVER_BIN names a program that does not run: ${binary}`,
      de: `LLAMA_SERVER_BIN nennt ein Programm, das nicht läuft: ${binary}`,
    };
    // Without the setting the built-in engine serves.
    return { name, title, state: 'warning', detail, command: 'unset LLAMA_SERVER_BIN' };
  }
}
