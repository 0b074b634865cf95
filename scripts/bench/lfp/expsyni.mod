: A synaptic current that jumps by the weight w (nA) and decays with tau; positive w depolarises.
NEURON {
  POINT_PROCESS ExpSynI
  RANGE tau, i
  NONSPECIFIC_CURRENT i
}
UNITS { (nA) = (nanoamp) }
PARAMETER { tau = 0.5 (ms) }
ASSIGNED { i (nA) }
STATE { g (nA) }
INITIAL { g = 0 }
BREAKPOINT {
  SOLVE decay METHOD cnexp
  i = -g
}
DERIVATIVE decay { g' = -g / tau }
NET_RECEIVE(w (nA)) { g = g + w }
