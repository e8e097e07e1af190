package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"cubby/models"
)

// Codes that only HTTP knows.
const (
	CodeMethod    models.Code = "method_not_allowed"
	CodeMediaType models.Code = "unsupported_media_type"
)

// status is the one table from codes to HTTP: the status, and the title of the problem.
func status(code models.Code) (int, string) {
	switch code {
	case models.CodeInvalid:
		return http.StatusBadRequest, "The request is not valid"
	case models.CodeMalformedFrame:
		return http.StatusBadRequest, "The message is malformed"
	case models.CodeKeyRequired:
		return http.StatusBadRequest, "An Idempotency-Key is required"
	case models.CodeUnauthorized:
		return http.StatusUnauthorized, "A valid key is required"
	case models.CodeClaimUnknown, models.CodeClaimUsed, models.CodeClaimExpired:
		return http.StatusUnauthorized, "The claim is not valid"
	case models.CodeCertificateUnknown, models.CodeCertificateRevoked, models.CodeCertificateExpired:
		return http.StatusUnauthorized, "The certificate is not valid"
	case models.CodeEnrolmentPending, models.CodeEnrolmentRefused:
		return http.StatusForbidden, "The computer is not accepted"
	case models.CodeCabinetCloned:
		return http.StatusForbidden, "The cabinet is held"
	case models.CodeKeyUsed:
		return http.StatusConflict, "The key was used before"
	case models.CodeForbidden:
		return http.StatusForbidden, "The key does not allow this"
	case models.CodeNotFound:
		return http.StatusNotFound, "Not found"
	case CodeMethod:
		return http.StatusMethodNotAllowed, "Method not allowed"
	case models.CodeConflict:
		return http.StatusConflict, "In conflict with what exists"
	case models.CodeInvalidState:
		return http.StatusConflict, "Not possible in this state"
	case models.CodeNumberUsed:
		return http.StatusConflict, "The number is in use"
	case models.CodeBarcodeUsed:
		return http.StatusConflict, "The barcode is in use"
	case models.CodeNoCapacity:
		return http.StatusConflict, "The locker has no room"
	case models.CodeNoEasyReach:
		return http.StatusConflict, "The locker has no cell within easy reach"
	case models.CodeLockerClosed:
		return http.StatusConflict, "The locker takes no parcels"
	case models.CodeInProgress:
		return http.StatusConflict, "The same request is still running"
	case models.CodeSequence:
		return http.StatusConflict, "Facts are missing"
	case models.CodeFork:
		return http.StatusConflict, "The journal does not follow"
	case models.CodeTooLarge:
		return http.StatusRequestEntityTooLarge, "The body is too large"
	case CodeMediaType:
		return http.StatusUnsupportedMediaType, "The content type is not supported"
	case models.CodeUnknownLocker:
		return http.StatusUnprocessableEntity, "The locker is unknown"
	case models.CodePayment:
		return http.StatusUnprocessableEntity, "Payment is not available"
	case models.CodeKeyReused:
		return http.StatusUnprocessableEntity, "The Idempotency-Key was used for another body"
	case models.CodeTooMany:
		return http.StatusTooManyRequests, "Too many requests"
	case models.CodeUnavailable:
		return http.StatusServiceUnavailable, "Temporarily unavailable"
	}
	return http.StatusInternalServerError, "Internal error"
}

// domainError turns whatever a handler, Echo or a port returned into our error.
func domainError(err error) *models.Error {
	var ours *models.Error
	if errors.As(err, &ours) {
		return ours
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		switch he.Code {
		case http.StatusNotFound:
			return models.Errorf(models.CodeNotFound, "There is nothing at this address.")
		case http.StatusMethodNotAllowed:
			return models.Errorf(CodeMethod, "This address does not know the method.")
		case http.StatusBadRequest:
			return models.Wrap(models.CodeInvalid, err, "The request is not well formed.")
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return models.Wrap(models.CodeUnavailable, err, "The request took too long. Please try again.")
	}
	return models.Wrap(models.CodeInternal, err, "")
}

// Status is the HTTP status of an error.
func Status(err error) int {
	code, _ := status(domainError(err).Code)
	return code
}

// retryAfter is the seconds after which a repeat makes sense, or empty.
func retryAfter(code models.Code) string {
	switch code {
	case models.CodeUnavailable, models.CodeTooMany, models.CodeInProgress:
		return "1"
	case models.CodeEnrolmentPending:
		return "5"
	}
	return ""
}

// problem is the problem document (RFC 9457) of an error, and its status. What is internal
// stays out of it.
func problem(e *models.Error, instance, requestID string) (doc map[string]any, code int) {
	code, title := status(e.Code)
	doc = map[string]any{}
	for name, value := range e.Details {
		doc[name] = value
	}
	publicCode := e.Code
	if code == http.StatusInternalServerError {
		publicCode = models.CodeInternal
	}
	doc["type"] = problemsPath + string(publicCode)
	doc["title"] = title
	doc["status"] = code
	doc["detail"] = models.ErrorMessage(e)
	doc["instance"] = instance
	doc["code"] = publicCode
	doc["request_id"] = requestID
	if len(e.Fields) > 0 {
		doc["errors"] = e.Fields
	}
	return doc, code
}

// WriteProblem answers with the problem document of an error and returns its status.
func WriteProblem(w http.ResponseWriter, r *http.Request, requestID string, err error) int {
	e := domainError(err)
	doc, code := problem(e, r.URL.EscapedPath(), requestID)
	raw, mErr := json.Marshal(doc)
	if mErr != nil {
		// Only a detail without a JSON form gets here: the problem is still told.
		raw, code = []byte(`{"type":"/problems/internal","title":"Internal error","status":500,"code":"internal"}`), http.StatusInternalServerError
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if s := retryAfter(e.Code); s != "" && h.Get("Retry-After") == "" {
		h.Set("Retry-After", s)
	}
	if code == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="cubby"`)
	}
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		// A client that went away is no error of ours.
		_, _ = w.Write(raw)
	}
	return code
}
