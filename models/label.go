package models

// Label is what stands on a parcel: where it goes, and nothing of its client.
type Label struct {
	Barcode string
	Number  string // the shipment's
	Carrier string // its name
	Locker  string // its public number
	Address string
	City    string
	Size    Size
	N, Of   int // the nth of the shipment's parcels, from 1
}
