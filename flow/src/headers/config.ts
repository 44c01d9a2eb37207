import { objectSchema } from '../core/schema.ts';

/** The section `headers` of flow.config.ts. */
export const headersSchema = objectSchema({});
