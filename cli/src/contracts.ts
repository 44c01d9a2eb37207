import type { Contract } from '@cyberdevstudio/server/base/contract.ts';
import { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import { connectionsContract } from '@cyberdevstudio/server/modules/connections/contract.ts';
import { eventsContract } from '@cyberdevstudio/server/modules/events/contract.ts';
import { gatewayContract } from '@cyberdevstudio/server/modules/gateway/contract.ts';
import { ledgerContract } from '@cyberdevstudio/server/modules/ledger/contract.ts';
import { llmContract } from '@cyberdevstudio/server/modules/llm/contract.ts';
import { mcpContract } from '@cyberdevstudio/server/modules/mcp/contract.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { promptsContract } from '@cyberdevstudio/server/modules/prompts/contract.ts';
import { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { searchContract } from '@cyberdevstudio/server/modules/search/contract.ts';
import { siteContract } from '@cyberdevstudio/server/modules/site/contract.ts';

/** Contracts whose faults a command may have to explain. */
export const allContracts: readonly Contract[] = [
  agentsContract,
  authContract,
  connectionsContract,
  eventsContract,
  gatewayContract,
  ledgerContract,
  llmContract,
  mcpContract,
  projectsContract,
  promptsContract,
  sandboxContract,
  searchContract,
  siteContract,
];
