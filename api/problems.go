package api

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/labstack/echo/v4"

	"cubby/models"
)

// problemsPath is where the pages are that the type of a problem points to.
const problemsPath = "/problems/"

// advice is what a caller does about a problem.
type advice struct {
	Code models.Code
	Do   string
}

// advices are all codes, in the order of the table of status.
func advices() []advice {
	return []advice{
		{models.CodeInvalid, "Look at errors: each names a field by a JSON pointer and says what it must be. Correct the request; a repeat of the same fails again."},
		{models.CodeMalformedFrame, "A cabinet's program sent what the protocol does not know. Update the program."},
		{models.CodeKeyRequired, "Send an Idempotency-Key header, fresh for each new request, and the same one with each repeat of it."},
		{models.CodeUnauthorized, "Send a key that is valid as Authorization: Bearer. An operator makes a new one."},
		{models.CodeClaimUnknown, "Look at the claim code again, or have an operator make a new one for the cabinet."},
		{models.CodeClaimUsed, "Another computer has used the claim code. Have an operator make a new one."},
		{models.CodeClaimExpired, "Have an operator make a new claim code."},
		{models.CodeCertificateUnknown, "The cabinet has to be enrolled anew with a claim code."},
		{models.CodeCertificateRevoked, "The cabinet has to be enrolled anew with a claim code."},
		{models.CodeCertificateExpired, "The cabinet has to be enrolled anew with a claim code."},
		{models.CodeEnrolmentPending, "Wait until an operator has accepted the computer; its program asks again by itself."},
		{models.CodeEnrolmentRefused, "An operator has refused the computer. Ask them why."},
		{models.CodeCabinetCloned, "Two computers came with one identity. An operator finds out which is right, and releases the cabinet."},
		{models.CodeKeyUsed, "A certificate was made for this key before. Ask for one with a new key."},
		{models.CodeForbidden, "Use a key of another scope or organization: detail says which."},
		{models.CodeNotFound, "Check the address and the id. What another organization owns answers the same."},
		{CodeMethod, "Look in the API's documentation which methods the address knows."},
		{models.CodeConflict, "Something like it exists, or has changed meanwhile: detail says what. Read it again, then decide."},
		{models.CodeInvalidState, "Look at state and allowed_actions, where they are given, and choose among these."},
		{models.CodeNumberUsed, "The carrier has an open shipment of this number. Read that one, or announce under another number."},
		{models.CodeBarcodeUsed, "A parcel of the carrier that is not gone yet has this barcode. Use another, or leave it out and one is issued."},
		{models.CodeNoCapacity, "Choose one of nearby, where lockers are named, or another locker; or announce with guarantee best_effort. A parcel that fits no cell needs another locker."},
		{models.CodeNoEasyReach, "Choose one of nearby, or announce without easy_reach if the client can reach every cell."},
		{models.CodeLockerClosed, "Choose another locker. State at the locker says whether it is paused or closed."},
		{models.CodeInProgress, "Wait as long as Retry-After says, and send the same again with the same Idempotency-Key."},
		{models.CodeSequence, "Facts before these are missing. The cabinet's program sends them again by itself."},
		{models.CodeFork, "The journal of the cabinet does not follow from what it told before. An operator has to look into it."},
		{models.CodeTooLarge, "Send less: split a batch into several."},
		{CodeMediaType, "Send the body as Content-Type: application/json."},
		{models.CodeUnknownLocker, "Name a locker by its id, its public number, or an alias of your own organization."},
		{models.CodePayment, "Announce without an amount due: payment at the cabinet does not exist yet."},
		{models.CodeKeyReused, "The Idempotency-Key stands for another request. Take a fresh key for a new request; to repeat one, send it unchanged."},
		{models.CodeTooMany, "Wait as long as Retry-After says. RateLimit says how many calls are left."},
		{models.CodeUnavailable, "Wait as long as Retry-After says, and send the same again, with the same Idempotency-Key. Nothing is done twice."},
		{models.CodeInternal, "Send the same again, with the same Idempotency-Key. If it happens again, tell support the request_id."},
	}
}

// problemView is a problem as its page shows it.
type problemView struct {
	advice
	Status int
	Title  string
}

var problemsPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Cubby: problems</title>
  <link rel="icon" href="data:,">
</head>
<body>
{{range .}}  <h1>{{.Title}}</h1>
  <p><code>{{.Code}}</code>, status {{.Status}}</p>
  <p>{{.Do}}</p>
{{end}}  <p><a href="/problems">All problems</a>, <a href="/docs">the API</a></p>
</body>
</html>
`))

// problems shows all problems, or the one that the address names.
func (s *server) problems(c echo.Context) error {
	var views []problemView
	for _, a := range advices() {
		if code := c.Param("code"); code == "" || code == string(a.Code) {
			v := problemView{advice: a}
			v.Status, v.Title = status(a.Code)
			views = append(views, v)
		}
	}
	if len(views) == 0 {
		return models.Errorf(models.CodeNotFound, "There is no such problem.")
	}
	var page bytes.Buffer
	if err := problemsPage.Execute(&page, views); err != nil {
		return err
	}
	return c.HTMLBlob(http.StatusOK, page.Bytes())
}
