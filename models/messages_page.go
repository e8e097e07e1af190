package models

// WorkflowSealCode has the worker, which alone can reckon codes, seal one for an instance that
// serves a person; the rule of messages_shipment.go holds.
const WorkflowSealCode = "seal_code"

// SealCodeWorkflowID is one workflow for each time that a code is looked at.
func SealCodeWorkflowID(id SealedID) string { return "code-" + string(id) }

// SealCodeInput asks for a shipment's code. Public is a key that is used this once; ID names the
// row that the sealed code waits in, so that no history has it.
type SealCodeInput struct {
	ID       SealedID   `json:"id"`
	Shipment ShipmentID `json:"shipment"`
	Public   []byte     `json:"public_key"`
}
