import './claims/annotated'
