import { createRequire } from 'node:module'

/** The program that runs Workers, from npm, without the script around it, which passes no signal on. */
export const workerd: string = createRequire(import.meta.url)('workerd').default

/** Returns the `config.capnp` of a worker whose only module is `worker.mjs` beside it, for `workerd test`. */
export const workerdConfig = (
  flag: 'nodejs_als' | 'nodejs_compat',
): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "tried", worker = .tried)]);
const tried :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["${flag}"],
);
`
