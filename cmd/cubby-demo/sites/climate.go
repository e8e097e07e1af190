package sites

import (
	"math"
	"time"

	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

const (
	climateFile = "climate"
	// cold is what a cold module keeps by itself, in tenths of a degree Celsius.
	cold = 45
	// climateGrace is for how long a module of the demo may be out of its range: people wait to see what comes of it. A
	// cabinet waits for five minutes where nobody says otherwise.
	climateGrace = 10 * time.Second
	// What the simulated thermometer can tell, in degrees Celsius.
	coldest, hottest = -39., 79.
)

// Climate is the temperature of a cold module: what it is, and what the cabinet's computer has heard.
type Climate struct {
	Module  int     `json:"module"`
	Celsius float64 `json:"celsius"`
	// Told is nil until the thermometer was read, and when it does not answer.
	Told *float64 `json:"told"`
}

// reading is what the agent tells of a thermometer.
type reading struct {
	Module, Tenths int
	Known          bool
}

func (s *Site) startThermometer() (err error) {
	if s.build.Cold == 0 {
		return nil
	}
	s.tenths.Store(cold)
	s.thermometer, err = boards.NewThermometer(s.in(climateFile), cold)
	return err
}

// Warm has a module be of a temperature, in degrees Celsius, from now on: as if its cooling did that, or failed.
func (s *Site) Warm(module int, celsius float64) error {
	switch {
	case s.thermometer == nil || module != s.build.Cold:
		return models.Errorf(models.CodeNotFound, "module %d of this cabinet has no thermometer", module)
	case math.IsNaN(celsius) || celsius < coldest || celsius > hottest:
		return models.Errorf(models.CodeInvalid, "celsius is from %.0f to %.0f", coldest, hottest)
	}
	tenths := int(math.Round(celsius * 10))
	s.tenths.Store(int64(tenths))
	s.thermometer.Set(tenths)
	return nil
}

// climates are the cold modules, of which there is one at most.
func (s *Site) climates(told []reading) []Climate {
	list := []Climate{}
	if s.thermometer == nil {
		return list
	}
	now := Climate{Module: s.build.Cold, Celsius: float64(s.tenths.Load()) / 10}
	for _, r := range told {
		if heard := float64(r.Tenths) / 10; r.Module == now.Module && r.Known {
			now.Told = &heard
		}
	}
	return append(list, now)
}
