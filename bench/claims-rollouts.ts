import './claims/rollouts'
