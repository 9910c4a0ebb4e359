import { defineConfig, type Options } from 'tsup'

/**
 * Returns the build settings of a package. Only this file knows the bundler.
 *
 * Dependencies and peers stay external, so that their security fixes reach users. Packages in `bundled` are included:
 * they load faster inside the bundle, and appear in no public type.
 */
export function library({
  entry,
  bundled = [],
}: {
  readonly entry: readonly string[]
  readonly bundled?: readonly string[]
}) {
  const options: Options = {
    entry: [...entry],
    format: ['esm'],
    target: 'node22',
    platform: 'node',
    // Deno and Workers know built-in modules only by this prefix.
    removeNodeProtocol: false,
    tsconfig: 'tsconfig.build.json',
    noExternal: [...bundled],
    dts: true,
    sourcemap: true,
    clean: true,
    // Type checking is a separate gate: a failed build must have another reason.
    silent: true,
  }
  return defineConfig(options)
}
