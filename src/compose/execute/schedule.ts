// Does the steps of a plan: each as soon as those before it are done, all at once where nothing forbids it.

interface Step {
  id: string;
  after: readonly string[];
}

/**
 * Resolves once every step is done. After the first failure no further step begins; those under way are awaited,
 * and then the failure is thrown.
 */
export async function doInOrder<T extends Step>(
  steps: readonly T[],
  perform: (step: T) => Promise<void>,
): Promise<void> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const begun = new Map<string, Promise<void>>();
  let failure: { thrown: unknown } | undefined;
  const begin = (step: T): Promise<void> => {
    const known = begun.get(step.id);
    if (known !== undefined) return known;
    const promise = run(step);
    begun.set(step.id, promise);
    return promise;
  };
  const run = async (step: T): Promise<void> => {
    // Before anything is awaited the step must be known, so that none is begun twice.
    await Promise.resolve();
    await Promise.all(step.after.flatMap((id) => byId.get(id) ?? []).map(begin));
    if (failure !== undefined) return;
    try {
      await perform(step);
    } catch (thrown) {
      failure ??= { thrown };
    }
  };
  await Promise.all(steps.map(begin));
  if (failure !== undefined) throw failure.thrown;
}
