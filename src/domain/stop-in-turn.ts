/**
 * Stops what was started last first, each once, and all of them even when one fails: what is left running would keep the
 * process. Rejects with the first failure.
 */
export async function stopInTurn(stops: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const stop of stops.splice(0).reverse()) {
    await stop().catch((error: unknown) => {
      failures.push(error)
    })
  }
  if (failures.length > 0) throw failures[0]
}
