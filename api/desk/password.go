package desk

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"

	"cubby/models"
)

// The cost of a password's hash: the second of the equal choices of OWASP's Password Storage
// Cheat Sheet for argon2id, 19 MiB and two passes.
const (
	hashMemory  = 19 * 1024 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashSalt    = 16
	hashKey     = 32
)

// The length of a password, in bytes: the limit bounds what is hashed for a stranger.
const (
	shortestPassword = 12
	longestPassword  = 200
)

// HashPassword makes the argon2id hash of a password in the PHC string format. It returns
// invalid_request for one that is shorter than 12 or longer than 200 bytes.
func HashPassword(rand io.Reader, password string) (string, error) {
	if len(password) < shortestPassword || len(password) > longestPassword {
		return "", models.Errorf(models.CodeInvalid, "A password has %d to %d characters.", shortestPassword, longestPassword)
	}
	salt := make([]byte, hashSalt)
	if _, err := io.ReadFull(rand, salt); err != nil {
		return "", err
	}
	return phc(hashMemory, hashPasses, hashThreads, salt,
		argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashKey)), nil
}

func phc(memory, passes uint32, threads uint8, salt, key []byte) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads, encode(salt), encode(key))
}

// nobody is a hash that no password has, of the same cost as any: checking it takes as long.
func nobody() string {
	return phc(hashMemory, hashPasses, hashThreads, make([]byte, hashSalt), make([]byte, hashKey))
}

// matches reports whether a password has the hash; a hash that is not of HashPassword's form has
// none.
func matches(hash, password string) bool {
	var version, memory, passes uint32
	var threads uint8
	var rest string
	if n, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &threads, &rest); n != 5 || err != nil {
		return false
	}
	if version != argon2.Version || memory == 0 || passes == 0 || threads == 0 {
		return false
	}
	salt, want, ok := cutBase64(rest)
	if !ok {
		return false
	}
	have := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(have, want) == 1
}

// cutBase64 decodes "salt$key".
func cutBase64(text string) (salt, key []byte, ok bool) {
	first, second, found := strings.Cut(text, "$")
	salt, err := base64.RawStdEncoding.DecodeString(first)
	key, err2 := base64.RawStdEncoding.DecodeString(second)
	return salt, key, found && err == nil && err2 == nil && len(key) == hashKey
}
