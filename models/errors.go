package models

import (
	"errors"
	"fmt"
)

// Code is a machine-readable error code. It is part of the REST contract: codes are
// added, never renamed.
type Code string

// The codes shared by all domains. Each maps to one HTTP status in api/errors.go.
const (
	CodeInvalid        Code = "invalid_request"
	CodeUnauthorized   Code = "unauthorized"
	CodeForbidden      Code = "forbidden"
	CodeNotFound       Code = "not_found"
	CodeConflict       Code = "conflict"
	CodeInvalidState   Code = "invalid_state"
	CodeNumberUsed     Code = "number_used"
	CodeBarcodeUsed    Code = "barcode_used"
	CodeNoCapacity     Code = "no_capacity"
	CodeNoEasyReach    Code = "no_easy_reach"
	CodeUnknownLocker  Code = "unknown_locker"
	CodeLockerClosed   Code = "locker_not_accepting"
	CodePayment        Code = "payment_not_available"
	CodeKeyRequired    Code = "idempotency_key_required"
	CodeKeyReused      Code = "idempotency_key_reused"
	CodeInProgress     Code = "request_in_progress"
	CodeTooLarge       Code = "body_too_large"
	CodeTooMany        Code = "too_many_requests"
	CodeUnavailable    Code = "temporarily_unavailable"
	CodeSequence       Code = "sequence_gap"
	CodeFork           Code = "journal_fork"
	CodeMalformedFrame Code = "malformed_frame"
	CodeInternal       Code = "internal"
)

// Field is one thing wrong with a request: a JSON pointer (RFC 6901) into the body,
// or "query/<name>", and a sentence.
type Field struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// Error is the one domain error. Message is safe to show to a caller; Cause is for
// logs only.
type Error struct {
	Code    Code
	Message string
	Fields  []Field
	// Details are extension members of the problem document, such as "nearby".
	Details map[string]any
	Cause   error
}

// Error implements error; it includes the cause and is meant for logs.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error with a message for the caller.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error with a cause that stays in the logs.
func Wrap(code Code, cause error, message string) *Error {
	return &Error{Code: code, Message: message, Cause: cause}
}

// ErrorCode returns err's code; anything that is not an Error is internal, and nil
// has the empty code.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// ErrorMessage returns what a caller may see of err.
func ErrorMessage(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Code != CodeInternal {
		return e.Message
	}
	return "Something went wrong on our side. Please try again; if it happens again, tell support the request id."
}

// Fields collects what is wrong with a request.
type Fields []Field

// Add appends a field with a formatted detail.
func (f *Fields) Add(pointer, format string, args ...any) {
	*f = append(*f, Field{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

// Err returns nil when nothing was added, else one invalid_request error.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Message: "The request has fields that are not valid.", Fields: f}
}
