// The plugins that come with the gateway. The order here is the order of ties; `after` decides the rest.
import type { Plugin } from './plugin/contract.ts'
import { approvals } from '../plugins/approvals/index.ts'
import { auth } from '../plugins/auth/index.ts'
import { jwt } from '../plugins/auth.jwt/index.ts'
import { cache } from '../plugins/cache/index.ts'
import { presidio } from '../plugins/detector.presidio/index.ts'
import { failover } from '../plugins/failover/index.ts'
import { pii } from '../plugins/pii/index.ts'
import { anthropic } from '../plugins/provider.anthropic/index.ts'
import { openai } from '../plugins/provider.openai/index.ts'
import { sim } from '../plugins/provider.sim/index.ts'
import { quota } from '../plugins/quota/index.ts'
import { routing } from '../plugins/routing/index.ts'

export const PLUGINS: readonly Plugin[] = [
  auth,
  jwt,
  approvals,
  pii,
  presidio,
  routing,
  quota,
  cache,
  failover,
  openai,
  anthropic,
  sim,
] as readonly Plugin[]
