import { rateClassOf } from '#kernel/http/rest.ts';
import { defineModule } from '#kernel/module.ts';
import { createCallMeter } from '#kernel/telemetry/call-meter.ts';
import { platformVersion } from '#kernel/version.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { promptsContract } from '#modules/prompts/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { searchContract } from '#modules/search/contract.ts';
import type { McpCaller } from './call.ts';
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
        /** Their JSON schemas are worked out when somebody asks. */
        const offered = () => {
          tools ??= toolsOf(Object.values(needs).flatMap((contract) => [...bound(contract)]));
          return tools;
        };
        const loadServer = async () => {
          const { createMcpServer } = await import('./server.ts');
          const parts = {
            tools: offered(),
            methods: new Map([...bound(promptsContract)].map((method) => [method.name, method])),
            catalogue: kit.catalogue,
            meter: createCallMeter(kit.edgeMetrics.calls, kit.catalogue),
            log,
            version: platformVersion(),
            resultLimitBytes: config.resultLimitBytes,
          };
          return (caller: McpCaller) => createMcpServer(parts, caller);
        };
        const rateClass = (toolName: string) => {
          const method = offered().get(toolName)?.method;
          return method === undefined ? undefined : rateClassOf(method.definition);
        };
        mounted.use(mountMcp(app, { kit, config, log, loadServer, rateClassOf: rateClass }));
      },
    };
  },
});
