import { agentsContract } from '#modules/agents/contract.ts';
import { authContract } from '#modules/auth/contract.ts';
import { connectionsContract } from '#modules/connections/contract.ts';
import { eventsContract } from '#modules/events/contract.ts';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { llmContract } from '#modules/llm/contract.ts';
import { mcpContract } from '#modules/mcp/contract.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { promptsContract } from '#modules/prompts/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { searchContract } from '#modules/search/contract.ts';
import { siteContract } from '#modules/site/contract.ts';
import { defineGateway } from './gateway.ts';

/** The platform's gateway: what stands in `needs` is what clients can call. */
export const gateway = defineGateway({
  agents: agentsContract,
  auth: authContract,
  connections: connectionsContract,
  events: eventsContract,
  ledger: ledgerContract,
  llm: llmContract,
  mcp: mcpContract,
  projects: projectsContract,
  prompts: promptsContract,
  sandbox: sandboxContract,
  search: searchContract,
  site: siteContract,
});
