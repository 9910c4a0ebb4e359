import { ConfigurationError } from '@behalf/core'

/** Parts of the optional peers that the engine uses. */
export interface Cel {
  readonly cel: typeof import('@bufbuild/cel')
  readonly protobuf: typeof import('@bufbuild/protobuf')
  readonly wellKnown: typeof import('@bufbuild/protobuf/wkt')
}

const importPeers = async (): Promise<Cel> => {
  const [cel, protobuf, wellKnown] = await Promise.all([
    import('@bufbuild/cel'),
    import('@bufbuild/protobuf'),
    import('@bufbuild/protobuf/wkt'),
  ])
  return { cel, protobuf, wellKnown }
}

/**
 * Loads the CEL evaluator, which only models with conditions need.
 *
 * @throws ConfigurationError The peers are not installed.
 */
export async function loadCel(importer: () => Promise<Cel> = importPeers): Promise<Cel> {
  try {
    return await importer()
  } catch (cause) {
    throw new ConfigurationError(
      'model.conditions',
      'this model has conditions: install @bufbuild/cel and @bufbuild/protobuf, which evaluate them',
      { cause },
    )
  }
}
