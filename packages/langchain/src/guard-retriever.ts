import { ConfigurationError, type Identity } from '@behalf/core'
import { type Candidates, type FilterOptions, filterAllowed } from '@behalf/core/fga'
import { identityAround } from '@behalf/core/spi'
import type { DocumentInterface } from '@langchain/core/documents'
import { BaseRetriever, type BaseRetrieverInterface } from '@langchain/core/retrievers'
import type { RunnableConfig } from '@langchain/core/runnables'
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons'
import { copyOf, identityOf, type RunConfig, toldIdentity } from './run-config.ts'
import { unobserved } from './unobserved.ts'

/** A page of a ranking, as a vector store's search returns it. */
export interface SearchPage {
  /** Number of results to skip: those that earlier pages of this search returned. */
  readonly skip: number
  /** Maximum number of results to return. Further ones are discarded. */
  readonly count: number
  /** Aborts when the run is aborted, or when `timeoutMs` has passed. */
  readonly signal: AbortSignal
}

/**
 * Source of documents: a retriever, whose one answer is filtered; or a search that can return more of its ranking if
 * too few documents were allowed.
 */
export type DocumentSource<Meta extends Record<string, unknown>> =
  | BaseRetrieverInterface<Meta>
  | ((query: string, page: SearchPage) => Promise<readonly DocumentInterface<Meta>[]>)

/** Options of {@link guardRetriever}. An omitted option of `filterAllowed` has its default. */
export interface GuardRetrieverOptions<Meta extends Record<string, unknown>>
  extends Omit<FilterOptions<DocumentInterface<Meta>>, 'signal' | 'identity'> {
  /**
   * Must be that of the run's context, or of the guarded call or `runAs` around the search.
   * @default that identity
   */
  readonly identity?: Identity
}

/**
 * Makes a retriever that returns only the documents that both user and agent may read, and that the agent may read for
 * the user.
 *
 * Withheld documents stay hidden: the source and its calls run without callbacks, without a stream and with tracing
 * off. The handlers of the run see only the returned documents. If too few are allowed, a search is called again for
 * more, within `maxCandidates` and `timeoutMs`. A retriever is called once.
 *
 * @throws IdentityRequiredError From `invoke`: no verification made the identity, or it is missing.
 * @throws InvalidTokenError From `invoke`: the proof of the identity has expired.
 * @throws TransportError From `invoke`: the permission system did not answer, so there are no documents.
 * @throws ConfigurationError From `invoke`: an option is unknown or wrong, or `identity` is not that of the run's
 *   context.
 */
export function guardRetriever<Meta extends Record<string, unknown>>(
  source: DocumentSource<Meta>,
  options: GuardRetrieverOptions<Meta>,
): BaseRetriever<Meta> {
  return new GuardedRetriever(source, options)
}

class GuardedRetriever<Meta extends Record<string, unknown>> extends BaseRetriever<Meta> {
  readonly lc_namespace = ['behalf', 'retrievers']
  readonly #source: DocumentSource<Meta>
  readonly #options: GuardRetrieverOptions<Meta>

  constructor(source: DocumentSource<Meta>, options: GuardRetrieverOptions<Meta>) {
    super()
    this.#source = source
    // Read once, because the app may reuse the same object for its next retriever.
    this.#options = { ...options }
  }

  override async invoke(query: string, given: Partial<RunnableConfig> = {}): Promise<DocumentInterface<Meta>[]> {
    // Read once, because the app may reuse the same objects for its next search.
    const config = copyOf(given as RunConfig) as Partial<RunnableConfig>
    const told = identityOfSearch(given as RunConfig)
    const search = () => this.#allowed(query, config, told)
    // A clone for this run: LangChain passes no config to `_getRelevantDocuments`.
    const run: BaseRetriever<Meta> = Object.create(this, { _getRelevantDocuments: { value: search } })
    return super.invoke.call(run, query, config)
  }

  async #allowed(
    query: string,
    config: Partial<RunnableConfig>,
    told: Identity | undefined,
  ): Promise<DocumentInterface<Meta>[]> {
    const { signal } = config
    const identity = identityOf(this.#options, told)
    if (identity === 'conflict') {
      const cause = 'was given for one user, and this run is for another: give it in one place'
      throw new ConfigurationError('guardRetriever.identity', cause)
    }
    const { documents } = await filterAllowed(await this.#candidates(query, config), {
      ...this.#options,
      ...(identity !== undefined && { identity }),
      ...(signal !== undefined && { signal }),
    })
    return [...documents]
  }

  async #candidates(query: string, config: Partial<RunnableConfig>): Promise<Candidates<DocumentInterface<Meta>>> {
    const source = this.#source
    if (typeof source === 'function') return (page) => unobserved(config, () => source(query, page))
    return unobserved(config, (own) => answerOf(source, query, own))
  }
}

/** Returns the identity of a search: that of its configuration, else that of the run around it. */
function identityOfSearch(given: RunConfig): Identity | undefined {
  const around: RunConfig = AsyncLocalStorageProviderSingleton.getRunnableConfig() ?? {}
  return toldIdentity(given) ?? toldIdentity(around) ?? identityAround()
}

/** Asks without `invoke`, which would notify the retriever's own callbacks, unless the retriever overrides `invoke`. */
function answerOf<Meta extends Record<string, unknown>>(
  source: BaseRetrieverInterface<Meta>,
  query: string,
  config: Partial<RunnableConfig>,
): Promise<DocumentInterface<Meta>[]> {
  const isPlain = source instanceof BaseRetriever && source.invoke === BaseRetriever.prototype.invoke
  return isPlain ? source._getRelevantDocuments(query) : source.invoke(query, config)
}
