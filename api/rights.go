package api

// Right says who may call an operation on a shipment with a key of the scope `shipments`: the
// shipment's carrier and its shop. An operator may call each; for everyone else the shipment
// does not exist.
type Right struct {
	Operation string // operationId in openapi.yaml
	Carrier   bool
	Shop      bool
}

// ShipmentRights is the table of who may do what with a shipment; docs/api.md shows it.
func ShipmentRights() []Right {
	both := func(operation string) Right { return Right{Operation: operation, Carrier: true, Shop: true} }
	return []Right{
		both("ListShipments"),
		both("CreateShipment"),
		both("CreateShipments"),
		both("GetShipment"),
		both("EditShipment"),
		both("ListShipmentEvents"),
		both("GetPdfLabels"),
		both("GetZplLabels"),
		{Operation: "CreateCarrierEvent", Carrier: true},
		both("CancelShipment"),
		both("ExtendStorage"),
		both("RerouteShipment"),
		both("ReissueCode"),
		both("FreezeShipment"),
		both("UnfreezeShipment"),
		both("EraseContact"),
	}
}
