/** Of every PPO step that is measured. */
export const benchSettings = {
  learningRate: 1e-4,
  weightDecay: 0.01,
  gradientClip: 1,
  clip: 0.2,
  valueClip: 0.2,
  valueCoefficient: 0.5,
  policyCoefficient: 1,
  klCoefficient: 0
}
