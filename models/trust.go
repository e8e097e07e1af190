package models

import "encoding/json"

// Trust is what a cabinet's computer believes and checks codes with: whoever could change it at a
// renewal would open every door. So a computer takes another one only from a signer that it
// believes already, for the key that it has just made; at an enrolment it believes the server that
// it was pinned to.
type Trust struct {
	Locker     LockerID    `json:"locker"`
	PublicKey  string      `json:"public_key"` // PublicKeyHash of the computer's key
	Signers    []SignerKey `json:"signers"`
	KeyVersion int         `json:"key_version"`
	Sealed     []byte      `json:"sealed"`
}

// SignedTrust is a trust's exact bytes with the signature of every key that signs for the network:
// a computer that was away while one was brought in knows the other.
type SignedTrust struct {
	Body       []byte           `json:"body"`
	Signatures []TrustSignature `json:"signatures"`
}

// TrustSignature is one of them.
type TrustSignature struct {
	Signer    string `json:"signer"`
	Signature []byte `json:"signature"`
}

const trustPurpose = "cubby trust v1\n"

// SignTrust signs a trust with every key.
func SignTrust(by []Signer, t Trust) (SignedTrust, error) {
	body, err := json.Marshal(t)
	s := SignedTrust{Body: body}
	for _, k := range by {
		s.Signatures = append(s.Signatures, TrustSignature{Signer: k.ID, Signature: k.sign(append([]byte(trustPurpose), body...))})
	}
	return s, err
}

// Open returns the trust if a signer that is believed has signed it; forbidden otherwise.
func (s SignedTrust) Open(trusted []SignerKey) (Trust, error) {
	var t Trust
	for _, by := range s.Signatures {
		if !verify(trusted, by.Signer, append([]byte(trustPurpose), s.Body...), by.Signature) {
			continue
		}
		if err := json.Unmarshal(s.Body, &t); err != nil {
			return Trust{}, Wrap(CodeMalformedFrame, err, "the trust is not the object that is wanted")
		}
		return t, nil
	}
	return t, Errorf(CodeForbidden, "no signer that is believed has signed it")
}
