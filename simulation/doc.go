// Package simulation runs networks of cabinets in virtual time: the product's own core,
// store and session, under a network, disks, clocks, locks and people that misbehave. One
// seed decides everything, so each failure can be played again.
//
// What must hold is checked at every step of every cabinet against the truth, which the
// simulation knows: which door stands open and which parcel lies behind it.
package simulation
