import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

/** A process of its own that starts the engine, tells its version and ends: a library that crashes is told, not suffered. */
const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.disabled });
process.stdout.write(`${llama.llamaCppRelease.release}\n`);
await llama.dispose();
