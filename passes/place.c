/* place.c: the pass that gives every array a site: tiles row by row over the mesh, arrays row by row inside a tile.
 *
 * A tile of n arrays is a block of sites, ceil(sqrt(n)) wide and as high as needed; core is the number of the tile. The
 * layout's mesh counts sites, the hardware's (chip.mesh) tiles. */
#include <xbarc/xbarc.h>

enum { ROW_MAJOR };
static const char *const methods[] = {"row-major", NULL};
static const int64_t LARGEST = INT32_MAX; /* sites along one side */

typedef struct place_options {
    int method;
} place_options;

typedef struct grid {
    int64_t rows, cols;
} grid;

static int64_t side_of(int64_t n)
{
    int64_t side = 1;
    while (side * side < n) side++;
    return side;
}

/* The mesh of tiles. False after a diagnostic. */
static bool choose_mesh(xb_cx *cx, const xb_hw *hw, int64_t arrays, grid *mesh)
{
    int64_t per_tile = hw->xbars_per_tile, tiles = (arrays + per_tile - 1) / per_tile;
    *mesh = (grid){hw->mesh_rows, hw->mesh_cols};
    if (!mesh->rows) mesh->rows = mesh->cols = side_of(tiles);
    if (tiles <= mesh->rows * mesh->cols) return true;
    cx->host->diagnose(cx, XB_ERROR, "place-mesh", &(xb_where){.file = hw->file},
                       "%lld arrays need %lld tiles of %lld; chip.mesh has %lld x %lld = %lld", (long long)arrays,
                       (long long)tiles, (long long)per_tile, (long long)mesh->rows, (long long)mesh->cols,
                       (long long)(mesh->rows * mesh->cols));
    return false;
}

static int run_place(xb_cx *cx, xb_module *module, const void *options)
{
    const xb_layout_api *layout = cx->host->service(cx, "xb.layout", 1);
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    xb_layout *l = layout->of(module);
    const xb_hw *hw = layout->hw(l);
    const xb_array *array;
    size_t n = layout->arrays(l, &array);
    grid mesh, tile = {.cols = side_of(hw->xbars_per_tile)};
    (void)options;
    tile.rows = (hw->xbars_per_tile + tile.cols - 1) / tile.cols;
    if (!choose_mesh(cx, hw, (int64_t)n, &mesh)) return -1;
    if (mesh.rows > LARGEST / tile.rows || mesh.cols > LARGEST / tile.cols) {
        cx->host->diagnose(cx, XB_ERROR, "place-mesh", &(xb_where){.file = hw->file}, "chip.mesh has too many sites");
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        int64_t core = (int64_t)i / hw->xbars_per_tile, at = (int64_t)i % hw->xbars_per_tile;
        int64_t x = core % mesh.cols * tile.cols + at % tile.cols, y = core / mesh.cols * tile.rows + at / tile.cols;
        layout->place(l, array[i].id, (int32_t)x, (int32_t)y, (int32_t)core);
    }
    layout->set_mesh(l, (int32_t)(mesh.rows * tile.rows), (int32_t)(mesh.cols * tile.cols));
    journal->add(cx, module,
                 &(xb_fact){.key = "pass.place.sites",
                            .value = (double)(mesh.rows * tile.rows * mesh.cols * tile.cols),
                            .unit = "1",
                            .split = "",
                            .seed = cx->seed,
                            .source = "pass place"});
    return 0;
}

static const xb_option options_of_place[] = {
    {.name = "method",
     .help = "order of the arrays on the mesh; row-major: as they are numbered",
     .type = XB_OPT_CHOICE,
     .offset = offsetof(place_options, method),
     .def = "row-major",
     .choices = methods},
    {.name = NULL},
};

static const xb_pass pass = {
    .struct_size = sizeof(xb_pass),
    .level = XB_LEVEL_LAYOUT,
    .name = "place",
    .summary = "give every array a site on the chip",
    .doc = "The chip is a mesh of tiles, each a block of array sites. The mesh is the hardware's (chip.mesh) or, "
           "where that is [0, 0], the smallest square that holds all tiles; a mesh that is too small is an error.\n\n"
           "row-major puts array after array into a tile and tile after tile into a row of the mesh.",
    .example = "- place: {method: row-major}",
    .needs = (const char *const[]){"layout", NULL},
    .gives = (const char *const[]){"placement", NULL},
    .services = (const char *const[]){"xb.layout/1", "xb.journal/1", NULL},
    .reads = XB_READS_HARDWARE,
    .options = options_of_place,
    .options_size = sizeof(place_options),
    .run = run_place,
};

XBARC_PLUGIN(place) = {
    XBARC_PLUGIN_HEADER,
    .name = "place",
    .version = "1",
    .passes = (const xb_pass *const[]){&pass, NULL},
};
