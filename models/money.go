package models

// Money is an amount in minor units (cents) of an ISO 4217 currency.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Valid reports whether the amount is not negative and the currency has the form of
// an ISO 4217 code. Zero without a currency is valid: nothing is due.
func (m Money) Valid() bool {
	if m.Amount == 0 && m.Currency == "" {
		return true
	}
	if m.Amount < 0 || len(m.Currency) != 3 {
		return false
	}
	for _, c := range m.Currency {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
