import { defineConfig, type Options } from 'tsup'

/**
 * How every package is built. The one place that knows the bundler: a move to another one touches this file.
 *
 * Dependencies and peers stay external, so that their security fixes reach users. What is named in
 * `bundled` is not: it is cheaper to load inside than as files, and appears in no public type.
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
    // Deno and Workers know built-in modules by the prefix only.
    removeNodeProtocol: false,
    tsconfig: 'tsconfig.build.json',
    noExternal: [...bundled],
    dts: true,
    sourcemap: true,
    clean: true,
    // Type checking is a gate of its own; a build that fails must fail for a reason of its own.
    silent: true,
  }
  return defineConfig(options)
}
