package activities

import (
	"context"
	"log/slog"
	"time"

	"cubby/models"
)

// Remotes is what remote openings need of the store.
type Remotes interface {
	// RemoteTarget returns where a cell is to be reached; not_found when the locker has no such cell.
	RemoteTarget(ctx context.Context, l models.LockerID, cell int) (models.RemoteTarget, error)
	// ShowRemote writes what the world sees of a request; one whose Rev is not above the row's
	// changes nothing.
	ShowRemote(ctx context.Context, p models.RemoteProjection) error
}

// Remote are the activities of remote openings that read and write the database.
type Remote struct{ Store Remotes }

// RemoteTarget says where a cell is to be reached.
func (a *Remote) RemoteTarget(ctx context.Context, in models.RemoteTargetInput) (models.RemoteTarget, error) {
	to, err := a.Store.RemoteTarget(ctx, in.Locker, in.Cell)
	return to, failure(err)
}

// ShowRemote shows how far a request has come.
func (a *Remote) ShowRemote(ctx context.Context, p models.RemoteProjection) error {
	return failure(a.Store.ShowRemote(ctx, p))
}

// RemoteBudget is what a signer remembers of what it has signed, outside of everything that an
// api, a gateway or the database's owner can write to.
type RemoteBudget interface {
	// Take counts a grant of a purpose for somebody, durably, or says why there is none: see
	// models.RemoteBudgets. After an error nothing may be signed.
	Take(purpose, by string) (refused string, alarm bool, err error)
}

// RemoteAlarms tell people that more was asked of a signer than may be.
type RemoteAlarms interface {
	// RemoteAlarm opens an incident, unless one is open.
	RemoteAlarm(ctx context.Context, evidence string) error
}

// Signing is the activity that signs remote openings. It is the one place where that is done, and
// it believes nobody who asks: not the workflow, and not the database.
type Signing struct {
	Signer models.Signer
	Budget RemoteBudget
	Alarms RemoteAlarms
	// Observe is told of every grant that was asked for, for metrics: refused is empty where it was
	// signed. May be nil.
	Observe func(refused string, alarm bool)
	Logger  *slog.Logger
	Now     func() time.Time
}

const (
	// alarmWithin bounds the wait for a database that may be the attacker's.
	alarmWithin = 3 * time.Second
	// longestName bounds what is kept of whom a request claims to be from.
	longestName = 64
)

// SignRemote signs a grant if the budgets allow one more. How long the grant is good is the
// signer's decision, by the signer's clock: one for later could be hoarded.
func (a *Signing) SignRemote(ctx context.Context, in models.SignRemoteInput) (models.SignedRemote, error) {
	by := in.By[:min(len(in.By), longestName)]
	if (in.Purpose == models.PurposeOpenGate) != (in.Cell == 0) {
		// A grant for a gate is not to be had from the cells' budget, nor the other way round.
		return models.SignedRemote{}, failure(models.Errorf(models.CodeInvalid, "a gate is no cell"))
	}
	refused, alarm, err := a.Budget.Take(in.Purpose, by)
	if err != nil {
		return models.SignedRemote{}, err
	}
	if a.Observe != nil {
		a.Observe(refused, alarm)
	}
	log := a.Logger.With("locker", in.Locker, "cell", in.Cell, "by", by, "opening", in.Opening, "operation", in.Operation)
	if alarm {
		log.ErrorContext(ctx, "ALARM: more doors were to be opened from afar than may be", "reason", refused)
		a.alarm(ctx, refused+": asked for by "+by+" for "+string(in.Locker))
	}
	if refused != "" {
		return models.SignedRemote{Refused: refused}, nil
	}
	grant, signature, err := a.Signer.SignRemote(models.RemoteGrant{
		Locker: in.Locker, Epoch: in.Epoch, Nonce: in.Nonce, Cell: in.Cell, Generation: in.Generation, Purpose: in.Purpose,
		Operation: in.Operation, NotAfterMS: a.Now().Add(models.RemoteGrantLives).UnixMilli(),
	})
	if err != nil {
		return models.SignedRemote{}, err
	}
	log.InfoContext(ctx, "a remote opening was signed", "purpose", in.Purpose)
	return models.SignedRemote{Grant: grant, Signer: a.Signer.ID, Signature: signature}, nil
}

// alarm opens the incident. The log and the metric have told already: the database may be in the
// wrong hands.
func (a *Signing) alarm(ctx context.Context, evidence string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), alarmWithin)
	defer cancel()
	if err := a.Alarms.RemoteAlarm(ctx, evidence); err != nil {
		a.Logger.ErrorContext(ctx, "the incident of the alarm could not be opened", "error", err)
	}
}
