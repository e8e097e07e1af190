package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestFitting(t *testing.T) {
	t.Parallel()
	cell := func(s models.Size, height int) models.LayoutCell {
		return models.LayoutCell{Size: s, Inner: models.Dimensions{WidthMM: 380, HeightMM: height, DepthMM: 580}}
	}
	unknown := models.LayoutCell{Size: models.SizeXL}
	flat, cube := models.Dimensions{WidthMM: 80, HeightMM: 570, DepthMM: 370}, models.Dimensions{WidthMM: 350, HeightMM: 350, DepthMM: 350}
	for name, c := range map[string]struct {
		outer models.Dimensions
		cells []models.LayoutCell
		size  models.Size
		code  models.Code
	}{
		"turned, it fits the smallest":       {flat, []models.LayoutCell{cell("L", 390), cell("S", 90)}, models.SizeS, ""},
		"it fits the large alone":            {cube, []models.LayoutCell{cell("S", 90), cell("M", 190), cell("L", 390)}, models.SizeL, ""},
		"some of the medium are too low":     {cube, []models.LayoutCell{cell("M", 190), cell("M", 360), cell("L", 390)}, models.SizeL, ""},
		"no other than some of the medium":   {cube, []models.LayoutCell{cell("M", 190), cell("M", 360)}, models.SizeM, ""},
		"it fits none":                       {cube, []models.LayoutCell{cell("S", 90), cell("M", 190)}, "", models.CodeNoCapacity},
		"it may fit one of unknown measures": {cube, []models.LayoutCell{cell("S", 90), unknown}, "", ""},
		"no measures":                        {models.Dimensions{}, []models.LayoutCell{cell("S", 90)}, "", ""},
		"no cells of its regime":             {cube, nil, "", ""},
	} {
		size, err := models.Fitting(c.outer, c.cells)
		require.Equal(t, c.code, models.ErrorCode(err), name)
		require.Equal(t, c.size, size, name)
	}
}
