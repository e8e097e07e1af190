package activities

import (
	"go.temporal.io/sdk/temporal"

	"cubby/models"
)

// ErrorTypes that an activity's caller may test with temporal.ApplicationError.Type. They
// are models' codes, so one list serves both.

// failure turns a domain error into an activity's: what can get better by itself is
// retried, what cannot is final, and what is expected raises no alarm.
func failure(err error) error {
	switch code := models.ErrorCode(err); code {
	case "":
		return nil
	case models.CodeInternal, models.CodeUnavailable:
		return err
	default:
		return temporal.NewApplicationErrorWithOptions(models.ErrorMessage(err), string(code), temporal.ApplicationErrorOptions{
			NonRetryable: true, Cause: err, Category: temporal.ApplicationErrorCategoryBenign,
		})
	}
}
