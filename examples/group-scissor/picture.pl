#!/usr/bin/perl
# picture.pl FILE.tsv: crossbar area, wires and routing area against the error on the test set, as SVG (Group Scissor, Figures 3,
# 6, 7). Rows with another budget or count (c@5%, f@200) make the curves; the dense network's error is the dashed line.
use strict;
use warnings;
use List::Util qw(min max sum);

my %published = ( # area %, error; wires, routing area (mean) %, error
    lenet => {area => [[13.62, 0.85], [3.78, 1.84]], wires => [[242, 0.9]], routing => [[8.1, 0.9]]},
    convnet => {area => [[51.81, 17.91], [38.14, 19.0]], wires => [[546, 18.0], [364, 19.5]], routing => [[52.06, 18.0], [29.2, 19.5]]},
);
my @panels = (
    {what => 'area', x => 'area_ratio', name => 'crossbar cells, % of the dense network', rows => 'a b-svd c d e'},
    {what => 'wires', x => 'wires', name => 'wires between arrays', rows => 'f g h i'},
    {what => 'routing', x => 'routing_mean', name => 'routing area, mean of layers, %', rows => 'f g'},
);
my @colour = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00');
my ($W, $H, $L, $T, $SIDE) = (360, 300, 56, 34, 280);

my $file = shift // die "usage: picture.pl FILE.tsv > FILE.svg\n";
open my $in, '<', $file or die "$file: $!\n";
chomp(my @names = split /\t/, <$in>);
my @lines;
while (<$in>) { chomp; my %l; @l{@names} = split /\t/; push @lines, \%l }
die "$file: no rows\n" unless @lines;

sub points { # of a row and its @values: [x, error], by x
    my ($row, $x) = @_;
    my @p = map { [$_->{$x}, 100 - $_->{test}] } grep { $_->{row} =~ /^\Q$row\E(@|$)/ && $_->{$x} ne '-' } @lines;
    return sort { $a->[0] <=> $b->[0] } @p;
}

sub ticks { # about five round numbers
    my ($low, $high) = @_;
    my $raw = ($high - $low) / 5;
    my $ten = 10 ** int(log($raw) / log(10) - ($raw < 1));
    my ($step) = grep { $_ >= $raw } map { $_ * $ten } 1, 2, 5, 10;
    my ($at, @t) = ($step * int($low / $step));
    for (; $at <= $high * (1 + 1e-9); $at += $step) { push @t, $at if $at >= $low * (1 - 1e-9) }
    return @t;
}

sub panel {
    my ($p, $left) = @_;
    my %of = map { my $row = $_; ($row => [points($row, $p->{x})]) } split ' ', $p->{rows};
    my $dense = 100 - sum(map { $_->{dense_test} } @lines) / @lines;
    my @known = @{$published{$lines[0]{network}}{$p->{what}} // []};
    my @all = (@known, map { @$_ } values %of);
    my ($most_x, $low, $high) = (1.08 * max(map { $_->[0] } @all), 0.97 * min($dense, map { $_->[1] } @all), 1.03 * max($dense, map { $_->[1] } @all));
    my $X = sub { $left + $L + $_[0] / $most_x * $SIDE };
    my $Y = sub { $T + 210 * (1 - ($_[0] - $low) / ($high - $low)) };
    my ($bottom, $right) = ($T + 210, $left + $L + $SIDE);
    printf "<text x='%d' y='20' font-weight='bold'>%s</text>\n", $left + $L, $p->{name};
    for (ticks(0, $most_x)) { printf "<path class='g' d='M%.1f %dV%d'/><text x='%.1f' y='%d' text-anchor='middle'>%g</text>\n", $X->($_), $T, $bottom, $X->($_), $bottom + 16, $_ }
    for (ticks($low, $high)) { printf "<path class='g' d='M%d %.1fH%d'/><text x='%d' y='%.1f' text-anchor='end'>%g</text>\n", $left + $L, $Y->($_), $right, $left + $L - 6, $Y->($_) + 4, $_ }
    printf "<path d='M%d %.1fH%d' stroke='#000' stroke-dasharray='5 4'/>\n", $left + $L, $Y->($dense), $right;
    printf "<text x='%d' y='%d' transform='rotate(-90 %d %d)' text-anchor='middle'>error on the test set, %%</text>\n", ($left + 14, $T + 105) x 2 unless $left;
    my ($i, $key) = (0, $left + $L);
    for my $row (split ' ', $p->{rows}) {
        my ($colour, @p) = ($colour[$i++], @{$of{$row}});
        next unless @p;
        my @curve = grep { /^\Q$row\E@/ } map { $_->{row} } @lines;
        printf "<path d='M%s' fill='none' stroke='$colour' stroke-opacity='0.6'/>\n", join 'L', map { sprintf '%.1f %.1f', $X->($_->[0]), $Y->($_->[1]) } @p if @curve;
        printf "<circle cx='%.1f' cy='%.1f' r='3.5' fill='$colour'/>\n", $X->($_->[0]), $Y->($_->[1]) for @p;
        printf "<circle cx='%d' cy='%d' r='3.5' fill='$colour'/><text x='%d' y='%d'>%s</text>\n", $key + 4, $bottom + 36, $key + 12, $bottom + 40, $row;
        $key += 24 + 7 * length $row;
    }
    printf "<path d='M%.1f %.1fl4 4m0 -4l-4 4' stroke='#000' stroke-width='1.6'/>\n", $X->($_->[0]) - 2, $Y->($_->[1]) - 2 for @known;
    printf "<path d='M%d %dl4 4m0 -4l-4 4' stroke='#000' stroke-width='1.6'/><text x='%d' y='%d'>published</text>\n", $key, $bottom + 34, $key + 10, $bottom + 40;
}

printf "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' font-size='11'>\n", $W * @panels, $H;
print "<style>.g{stroke:#ddd}</style><rect width='100%' height='100%' fill='#fff'/>\n";
panel($panels[$_], $_ * $W) for 0 .. $#panels;
print "</svg>\n";
