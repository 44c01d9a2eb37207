import { defineModule } from '#kernel/module.ts';
import { createCallMeter } from '#kernel/telemetry/call-meter.ts';
import { platformVersion } from '#kernel/version.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { promptsContract } from '#modules/prompts/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { searchContract } from '#modules/search/contract.ts';
import { mcpConfig } from './config.ts';
import { mcpContract } from './contract.ts';
import { clientConfig } from './contract-clients.ts';
import { mountMcp } from './http.ts';
import { toolsOf } from './tools.ts';

const needs = {
  projects: projectsContract,
  prompts: promptsContract,
  sandbox: sandboxContract,
  search: searchContract,
};

/** The platform as an MCP server. */
export const mcp = defineModule({
  name: 'mcp',
  contract: mcpContract,
  needs,
  config: mcpConfig,
  start: ({ config, log, bound, defer }) => {
    const mounted = new AsyncDisposableStack();
    defer(() => mounted.disposeAsync());
    return {
      handlers: { 'client.config': ({ params }) => clientConfig(params.client, params) },
      routes: (app, kit) => {
        let tools: ReturnType<typeof toolsOf> | undefined;
        const server = {
          /** Their JSON schemas are worked out when somebody asks. */
          get tools() {
            tools ??= toolsOf(Object.values(needs).flatMap((contract) => [...bound(contract)]));
            return tools;
          },
          catalogue: kit.catalogue,
          meter: createCallMeter(kit.edgeMetrics.calls, kit.catalogue),
          log,
          version: platformVersion(),
          resultLimitBytes: config.resultLimitBytes,
        };
        mounted.use(mountMcp(app, { kit, config, log, server }));
      },
    };
  },
});
