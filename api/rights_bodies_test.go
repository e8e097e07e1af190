package api_test

// bodies are the bodies of operations that need one; what they name stands in braces, as in the table.
func bodies() map[string]string {
	shipment := func(at string) string {
		return `{"number":"NEW","carrier":"{` + at + `carrier}","shop":"{` + at + `shop}","locker":"{` + at + `locker}","policy":"{` + at + `policy}",
			"contact":{"email":"client@example.org"},"parcels":[{"size":"S"}]}`
	}
	const place = `"name":"Yard","address":"Road 2","city":"Town","country":"DE","time_zone":"Europe/Berlin","latitude":1,"longitude":1`
	return map[string]string{
		"CreateShipment": shipment("body "), "CreateShipments": `{"items":[` + shipment("body items[].") + `]}`,
		"EditShipment":       `{"language":"ru","parcels":[{"id":"{body parcels[].id}","size":"S","weight_g":5}]}`,
		"CreateCarrierEvent": `{"type":"accepted"}`,
		"RerouteShipment":    `{"locker":"{body locker}"}`,
		"FreezeShipment":     `{"reason":"why"}`, "UnfreezeShipment": `{"reason":"why"}`,
		"CreateLocker": `{"number":"NEW","location":"{body location}","model":"{body model}"}`,
		"UpdateLocker": `{"number":"OTHER"}`,
		"SetAlias":     `{"carrier":"{body carrier}","alias":"A-77"}`,
		"PutLimits":    `{"items":[{"carrier":"{body items[].carrier}","size":"S","maximum":2}]}`,
		"TakeCellOut":  `{"reason":"why"}`, "PutCellBack": `{"reason":"why"}`,
		"MarkCellChecked": `{"reason":"why","generation":1,"found":"empty"}`,
		"OpenCell":        `{"purpose":"help","reason":"why"}`, "OpenCells": `{"cells":[1],"purpose":"help","reason":"why"}`,
		"OpenGate":            `{"reason":"why"}`,
		"RejectRemoteOpening": `{"reason":"why"}`, "PutLockerScreen": `{}`, "PutNetworkScreen": `{}`,
		"PauseLocker": `{"reason":"why"}`, "ResumeLocker": `{"reason":"why"}`, "CloseLocker": `{"reason":"why"}`, "RevokeCertificates": `{"reason":"why"}`,
		"ReleaseIdentity": `{"reason":"why"}`, "RefuseEnrolment": `{"reason":"why"}`,
		"CreateRoute": `{"courier":"{body courier}","date":"2026-03-02","stops":[{"locker":"{body stops[].locker}",
			"bring":["{body stops[].bring[]}"],"take":["{body stops[].take[]}"]}]}`,
		"CreateCourier":       `{"organization":"{body organization}","badge":"BADGE-NEW","pin":"1234","lockers":["{body lockers[]}"]}`,
		"UpdateCourier":       `{"lockers":["{body lockers[]}"]}`,
		"SandboxDeposit":      `{"shipment":"{body shipment}"}`,
		"SandboxPickup":       `{"code":"12345670"}`,
		"SandboxJam":          `{"cell":{body cell}}`,
		"SandboxOffline":      `{"offline":true}`,
		"SandboxAdvanceClock": `{"seconds":60}`,
		"ChangeOrganization":  `{"language":"ru"}`,
		"CreateOrganization":  `{"name":"New","kind":"shop"}`,
		"CreateKey":           `{"organization":"{body organization}","name":"key","scopes":["shipments"]}`,
		"CreateLocation":      `{` + place + `,"host":"{body host}"}`,
		"ChangeLocation":      `{"name":"Yard","host":"{body host}"}`,
		"PutAccess":           `{"gate_codes":"2"}`,
		"SetHours":            `{}`,
		"PutPolicy":           policyBody,
		"CreateModel":         modelBody,
		"PutTemplate":         `{"subject":"Ready","body":"The code is {code}."}`,
		"PreviewTemplate":     `{"kind":"ready","channel":"email","language":"en","subject":"Ready","body":"The code is {code}."}`,
		"ResolveIncident":     `{"reason":"why"}`,
		"CreateWebhook":       `{"url":"https://example.com/new","organization":"{body organization}"}`,
		"ChangeWebhook":       `{"paused":true}`,
		"ReplayWebhook":       `{"after":0}`,
	}
}

const (
	policyBody = `{"storage":259200,"never_deposited":259200,"partial_enough":86400,"ready_delay":0,"objection":60,"reopen":60,"proof":"closed"}`
	modelBody  = `{"name":"small","modules":[{"name":"m","rows":[{"cells":2,"size":"S","inner":{"width_mm":100,"height_mm":100,"depth_mm":100}}]}]}`
)

// needs are what an operation finds there, so that who may do it can.
func needs() map[string]string {
	return map[string]string{
		"GetPickupCode":        `UPDATE shipments SET state = 'ready_for_pickup', issue = 1`,
		"MarkCellChecked":      `UPDATE cells SET doubtful = true, generation = 1`,
		"ApproveRemoteOpening": `UPDATE remote_openings SET state = 'waiting_for_approval', requested_by = 'somebody'`,
		"RejectRemoteOpening":  `UPDATE remote_openings SET state = 'waiting_for_approval', requested_by = 'somebody'`,
		"ReleaseIdentity": `INSERT INTO locker_connections (locker, instance, run, n, at, held_at)
			SELECT id, 'gateway', 'run', 1, created_at, created_at FROM lockers`,
		"ResumeLocker": `UPDATE lockers SET state = 'paused'`,
	}
}
