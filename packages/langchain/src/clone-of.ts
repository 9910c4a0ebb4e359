import { ConfigurationError } from '@behalf/core'

/** Properties that LangChain and the models read of a tool, and do not call. */
const described = [
  'name',
  'description',
  'schema',
  'responseFormat',
  'returnDirect',
  'verboseParsingErrors',
  'extras',
  'metadata',
  'tags',
  'callbacks',
  'verbose',
  'defaultConfig',
]

/**
 * Returns a clone on the same prototype: `instanceof`, methods and a subclass's fields work, and methods run on the
 * clone. A clone has no private fields, so the tool's description is read from the original. A function that is bound
 * to the original is no part of the clone.
 */
export function cloneOf<Tool extends object>(path: string, original: Tool, instead: object): Tool {
  const descriptors = Object.getOwnPropertyDescriptors(original) as Record<PropertyKey, PropertyDescriptor>
  for (const key of Reflect.ownKeys(original)) {
    const { value } = descriptors[key] as PropertyDescriptor
    if (typeof value === 'function' && !described.includes(String(key)))
      descriptors[key] = bound(`${path}.${String(key)}`)
  }
  for (const key of described) {
    if (hasGetter(original, key)) descriptors[key] = read(original, key)
  }
  for (const [key, value] of Object.entries(instead)) {
    descriptors[key] = { value, enumerable: true, configurable: true, writable: true }
  }
  return Object.create(Object.getPrototypeOf(original), descriptors)
}

const read = (original: object, key: string): PropertyDescriptor => ({
  get: () => Reflect.get(original, key),
  enumerable: true,
  configurable: true,
})

/** Refuses an arrow function in a field: it would call its original tool, whose body has no guard. */
const bound = (path: string): PropertyDescriptor => ({
  get() {
    throw new ConfigurationError(
      path,
      'is a function in a field, bound to the tool without its guard: make it a method',
    )
  },
  enumerable: false,
  configurable: true,
})

function hasGetter(object: object, key: string): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(object, key)
  if (descriptor !== undefined) return descriptor.get !== undefined
  const next: object | null = Object.getPrototypeOf(object)
  return next !== null && hasGetter(next, key)
}
