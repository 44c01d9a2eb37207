import { objectSchema } from '../core/schema.ts';

/** The section `deploy` of flow.config.ts. */
export const deploySchema = objectSchema({});
