/** Seeds that found something, or that found a mistake of the model: each is run again by `npm test`. */
export const keptSeeds: readonly string[] = [
  // The model judged an answer that was only sent, and a run that its owner had resolved.
  's81',
  'y.0.187',
]
