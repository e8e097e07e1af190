// Package sms hands text messages to a provider and reads what it calls back with. It is the
// one package that knows twilio-go; another provider is one more file here that implements
// activities.Texter and Hook.
package sms

import "cubby/models"

// Hook reads the calls of a provider.
type Hook interface {
	// ReadHook returns what a call tells, of which the raw query, body and signature are given.
	// It returns forbidden for one that the provider did not sign.
	ReadHook(query string, body []byte, signature string) (models.SMSHook, error)
}
