import { Bug, CodeXml, FileText, FlaskConical, type LucideIcon, Palette, ShieldCheck } from 'lucide-react';
import type { Params } from '../../rpc/contracts.ts';

export type AgentName = Params<'agent.dispatch'>['agent'];

/** The six agents in the order of the roster. */
export const agentNames: readonly AgentName[] = ['code', 'test', 'design', 'debug', 'security', 'doc'];

export const agentIcons: Readonly<Record<AgentName, LucideIcon>> = {
  code: CodeXml,
  test: FlaskConical,
  design: Palette,
  debug: Bug,
  security: ShieldCheck,
  doc: FileText,
};
